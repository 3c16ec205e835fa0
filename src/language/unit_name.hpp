// Names of units as systemd takes them, so that a wrong one is told before anything starts.
#pragma once

#include <string_view>

namespace vmspawn {

/// "web.service", "getty@tty1.service": with the suffix of a kind of unit, and no template.
bool is_full_unit_name(std::string_view text);

/// "machine.slice", "web-db" (the suffix may be left out): the hyphens are between names, as each begins a slice within.
bool is_slice(std::string_view text);

}  // namespace vmspawn
