// What a service of the host answers by varlink: any bytes end as success or as a failure with a reason that can be printed.
#include "base/text.hpp"
#include "run/tap_request.hpp"
#include "run/varlink.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const Result<void> read = read_varlink_reply({reinterpret_cast<const char*>(data), size}, "ask");
    if (!read && (read.failure().error <= 0 || read.failure().detail.empty() || printable(read.failure().detail) != read.failure().detail))
        std::abort();
    const Result<ToldInterface> told = read_interface({reinterpret_cast<const char*>(data), size}, 1);
    if (told ? told->descriptor != 0 || printable(told->name) != told->name : told.failure().error != EPROTO)
        std::abort();
    return 0;
}
