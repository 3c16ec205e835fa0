// What a service of the host answers by varlink: any bytes end as success or as a failure with a reason that can be printed.
#include "base/text.hpp"
#include "run/varlink.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const Result<void> read = read_varlink_reply({reinterpret_cast<const char*>(data), size}, "ask");
    if (!read && (read.failure().error <= 0 || read.failure().detail.empty() || printable(read.failure().detail) != read.failure().detail))
        std::abort();
    return 0;
}
