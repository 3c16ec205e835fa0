// What the process finds around itself: kernel, user, environment, terminal.
#pragma once

#include "host/host.hpp"

#include <map>
#include <string>

namespace vmspawn {

/// Where runtime directories go: /run for root, $XDG_RUNTIME_DIR for a user, else a directory of their own below the temporary one.
std::string runtime_base(std::uint32_t uid, const std::map<std::string, std::string>& environment);

/// Where state goes that has no image to stand beside: /var/lib/vmspawn for root, $XDG_STATE_HOME/vmspawn for a user; empty: nowhere.
std::string state_base(std::uint32_t uid, const std::map<std::string, std::string>& environment);

/// The variables that say where firmware descriptors are.
std::map<std::string, std::string> search_environment();

/// Everything but KVM, QEMU, files and programs.
Host look_around();

}  // namespace vmspawn
