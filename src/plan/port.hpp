// Ports of the host that lead to the guest, part of the closed set of actions.
#pragma once

#include <cstdint>
#include <string>

namespace vmspawn {

/// A free local port, held by a bound socket until the machine is up. Undo: closed.
struct PickPort {
    std::string bind;
    bool udp = false;
};
/// Looks whether these ports can be had: EBUSY names the holder of the first that is taken. Whoever needs them takes them later, and
/// may take only some without a word. Undo: nothing.
struct CheckPorts {
    std::string bind;
    bool udp = false;
    std::uint16_t first = 0;
    std::uint16_t count = 1;
};

/// "8080", "8000-8010"
std::string to_string(const CheckPorts& ports);

}  // namespace vmspawn
