// What a running machine keeps of its definition: any bytes are refused, or read as what is written and read again.
#include "config/kept_definition.hpp"
#include "language/schema.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const auto kept = read_kept(language(), {reinterpret_cast<const char*>(data), size});
    if (!kept)
        return 0;
    const std::string written = to_json(*kept);
    const auto again = read_kept(language(), written);
    if (!again || to_json(*again) != written)
        std::abort();
    return 0;
}
