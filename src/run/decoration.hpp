// What stands around the guest's output on a terminal: title, context, colour.
#pragma once

#include "plan/plan.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// Ends what the guest may have begun, and gives a terminal the modes that programs expect, whatever the guest's have made of them: no
/// other screen, lines wrap, the cursor is seen, keys and characters are the usual, no reports of mouse, focus and paste.
inline constexpr std::string_view usual_modes =
    "\033\\\0337\033[?1049l\033[?1;47;1000;1002;1003;1004;1005;1006;1015;2004l\033[?7;25h\033[4l\033>\033(B\017";

struct Decoration {
    std::string opening;
    std::string closing;     ///< puts back what `opening`, and a colour, have changed; at most 256 bytes
    std::string background;  ///< SGR parameters; empty: none, or not known yet
    bool asks = false;       ///< a tint of the terminal's own background, for which it has to be asked
};

/// `machine`: its name. `context`: what tells this start from every other, without blanks.
Decoration decorate(const ConsoleLook& look, std::string_view machine, std::string_view context);

/// So many hexadecimal digits, drawn.
std::string draw_context();

}  // namespace vmspawn
