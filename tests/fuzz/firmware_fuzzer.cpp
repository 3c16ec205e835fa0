// A firmware descriptor: any bytes must end as a firmware or a problem, and what was read must survive being recorded.
#include "host/firmware.hpp"
#include "host/host.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const Firmware firmware = parse_firmware({reinterpret_cast<const char*>(data), size}, "/d.json");
    for (const std::string& file : firmware.files()) {
        if (!file.starts_with('/') || file.find('\0') != std::string::npos)
            std::abort();
    }
    const bool usable = firmware.problem.empty();
    if (usable && (firmware.executable.path.empty() || firmware.targets.size() > 256))
        std::abort();
    if (usable && firmware.mapping == Firmware::Mapping::split && firmware.nvram_template.path.empty())
        std::abort();
    Host host;
    host.firmware = {firmware};
    const auto again = host_from_json(to_json(host, "", ""), "", "");
    if (!again || again->firmware != host.firmware)
        std::abort();
    return 0;
}
