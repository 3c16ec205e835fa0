// Long texts for somebody at a terminal.
#pragma once

#include <string_view>

namespace vmspawn {

/// Shows `text` in the pager that the environment asks for and does not return, or prints it where no pager is wanted: that one's status.
/// As for other programs of systemd $SYSTEMD_PAGER, $PAGER, $SYSTEMD_PAGERSECURE, $SYSTEMD_LESS and $SYSTEMD_LESSCHARSET count.
int page(std::string_view text, bool no_pager);

}  // namespace vmspawn
