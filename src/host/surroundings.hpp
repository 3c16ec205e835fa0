// What the process finds around itself: kernel, user, environment, terminal.
#pragma once

#include "host/host.hpp"

#include <map>
#include <string>

namespace vmspawn {

/// Where runtime directories go: /run for root, $XDG_RUNTIME_DIR for a user, else a directory of their own below the temporary one.
std::string runtime_base(std::uint32_t uid, const std::map<std::string, std::string>& environment);

/// Everything but KVM, QEMU, files and programs.
Host look_around();

}  // namespace vmspawn
