// The name of a machine's network interface on its host.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// "vt-" and the machine's name, at most 15 bytes: networkd's 80-vm-vt.network looks for it. A longer one ends in four letters of a hash
/// of the whole, as systemd-vmspawn and systemd-nspawn shorten it.
std::string tap_name(std::string_view machine);

}  // namespace vmspawn
