// A user network: the guest reaches out by sockets of a process of the host, and nobody needs privileges.
#pragma once

#include "plan/contributors.hpp"

#include <cstddef>
#include <string>

namespace vmspawn {

/// `id`: its name for QEMU. `number`: among the user networks of this machine; each has addresses of its own.
void add_user_network(Planning& p, const Network& network, const std::string& id, std::size_t number);

}  // namespace vmspawn
