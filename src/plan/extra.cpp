// Words of the user for QEMU, last so that they win.
#include "plan/contributors.hpp"
#include "plan/unquote.hpp"

#include <fmt/format.h>

namespace vmspawn {

void plan_extra(Planning& p) {
    for (const std::string& word : p.machine.qemu.extra)
        p.qemu.option(word);
    constexpr const char* variable = "SYSTEMD_VMSPAWN_QEMU_EXTRA";
    const auto text = p.host.environment.find(variable);
    if (text == p.host.environment.end())
        return;
    const std::optional<std::vector<std::string>> words = unquote_words(text->second);
    if (!words) {
        p.found.add(error(fmt::format("${} is not quoted as a shell would have it", variable), FromHost{variable}));
        return;
    }
    for (const std::string& word : *words)
        p.qemu.option(word);
    if (!words->empty())
        p.reason(fmt::format("QEMU gets {} more word{} from ${}", words->size(), words->size() == 1 ? "" : "s", variable));
}

}  // namespace vmspawn
