// Which QEMU is for which guest.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// The name QEMU has for an architecture that uname calls `arch`: "i386" for "i686".
std::string qemu_arch(std::string_view arch);

/// Names and paths in the order in which they are tried. Another architecture's guests need the QEMU of that architecture.
std::vector<std::string> qemu_candidates(std::string_view arch, std::string_view native);

/// The first candidate that is there; empty: none.
std::string find_qemu(std::string_view arch, std::string_view native);

}  // namespace vmspawn
