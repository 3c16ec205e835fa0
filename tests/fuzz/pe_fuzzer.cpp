// PE headers, and what kind of a kernel the first bytes say.
#include "host/file_format.hpp"
#include "host/pe.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto pe = parse_pe(bytes);
    const std::string_view format = file_format(bytes);
    if (pe && (pe->sections.size() > 96 || (format != "pe" && format != "uki" && format != "zboot")))
        std::abort();
    if (pe && pe->is_uki() != (format == "uki") && pe->find(".osrel") == nullptr)
        std::abort();
    kernel_machine(bytes);
    return 0;
}
