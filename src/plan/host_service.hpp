// What the host's systemd is asked for: a scope for the machine's processes, and its name in the list of machines.
#pragma once

#include "base/unit_property.hpp"
#include "plan/word.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmspawn {

/// A scope with vmspawn, QEMU and the helpers in it, as soon as QEMU has been started. Who stops it asks for an orderly end. Undo:
/// nothing, as it goes with its last process.
struct MakeScope {
    bool user = false;  ///< of the user's manager
    Word machine;       ///< its name
    std::string slice;
    std::vector<UnitProperty> properties{};
};
/// The machine's entry with systemd-machined. Its leader is vmspawn: machinectl sends signals to the leader, which would kill a QEMU.
/// Undo: taken back.
struct RegisterMachine {
    bool user = false;
    std::string socket;  ///< where machined hears varlink, once it runs; else D-Bus, which cannot be told the last three
    Word machine;
    std::string id{};         ///< 32 hex digits; empty: not said
    std::string directory{};  ///< the root; empty: it is an image
    std::optional<Late> cid{};
    Word ssh_address{};  ///< as systemd-ssh-proxy takes it
    Word ssh_key{};
};

}  // namespace vmspawn
