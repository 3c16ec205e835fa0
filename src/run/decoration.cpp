#include "run/decoration.hpp"

#include <fmt/format.h>
#include <systemd/sd-id128.h>

#include <array>

namespace vmspawn {

// The title is kept on the terminal's own stack. OSC 3008 tells a terminal that what follows belongs to a virtual machine.
Decoration decorate(const ConsoleLook& look, std::string_view machine, std::string_view context) {
    Decoration made{.opening = fmt::format("\033]3008;start={};type=vm;vm={}\033\\", context, machine),
                    .closing = std::string(usual_modes),
                    .background = look.background,
                    .asks = look.tint};
    if (look.tint || !look.background.empty())
        made.closing += "\033[0m\033[J";
    if (look.title) {
        made.opening += fmt::format("\033[22;0t\033]0;\U0001F7E2 Virtual Machine {}\033\\", machine);
        made.closing += "\033[23;0t";
    }
    made.closing += fmt::format("\033]3008;end={}\033\\", context);
    return made;
}

std::string draw_context() {
    sd_id128_t id{};
    std::array<char, SD_ID128_STRING_MAX> text{};
    return sd_id128_randomize(&id) >= 0 ? sd_id128_to_string(id, text.data()) : "0";
}

}  // namespace vmspawn
