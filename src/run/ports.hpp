// Ports of the host.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/port.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace vmspawn {

struct ReservedPort {
    Fd socket;  ///< bound, not listening: whoever binds a TCP port with SO_REUSEADDR gets it. A UDP port is only free once this is closed
    std::uint16_t number = 0;
    bool udp = false;
};
Result<ReservedPort> reserve_port(const PickPort& action);

/// EBUSY: the port and its holder are in `detail`.
Result<void> check_ports(const CheckPorts& action);

/// The inodes of the sockets in a table of the kernel, /proc/net/tcp or its kin, that are in the way of who binds `port` of `bind`; those
/// that listen come first.
std::vector<unsigned long> sockets_in_the_way(std::string_view table, std::string_view bind, std::uint16_t port);

}  // namespace vmspawn
