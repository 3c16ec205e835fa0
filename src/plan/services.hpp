// Where the services of the host's systemd are reached: what is asked about them, and what the answers are looked up by.
#pragma once

#include "host/host.hpp"

#include <string>

namespace vmspawn {

/// Subjects of questions of the kind `service`.
struct Services {
    bool user = false;
    std::string manager;          ///< is there while systemd runs
    std::string bus;              ///< a socket
    std::string machined;         ///< the bus starts machined by it
    std::string machined_socket;  ///< is there while machined runs, where it knows varlink
    std::string logind{};         ///< the bus starts logind by it, which only the system has
    std::string nsresourced{};    ///< a socket, which only the system has
};
/// Of the system, or of the user who asks.
const Services& services_of(bool user);

/// Whether what the question looked for is there.
bool is_there(const Host& host, const std::string& subject);

}  // namespace vmspawn
