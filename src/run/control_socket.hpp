// The control socket in the runtime directory.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

namespace vmspawn {

/// Listens as `directory`/control. Connecting needs the right to write, so that only the owner and root can.
Result<Fd> make_control_socket(int directory);
void remove_control_socket(int directory);

}  // namespace vmspawn
