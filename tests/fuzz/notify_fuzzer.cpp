// What a guest sends about itself: names are names, values can be printed, and a status is a byte.
#include "base/text.hpp"
#include "run/notify.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const auto fields = parse_notification({reinterpret_cast<const char*>(data), size});
    if (!fields)
        return 0;
    for (const NotifyField& field : *fields) {
        if (field.name.empty() || printable(field.value) != field.value)
            std::abort();
        const auto status = parse_exit_status(field.value);
        if (status && (*status < 0 || *status > 255))
            std::abort();
    }
    return 0;
}
