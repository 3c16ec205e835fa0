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
    bool may_ask = false;  ///< the user for a password, by polkit
};
/// The machine's entry with systemd-machined, made once QEMU runs. Undo: taken back.
struct RegisterMachine {
    bool user = false;
    std::string socket;  ///< where machined hears varlink, once it runs; else D-Bus, which cannot be told the last three
    Word machine;
    std::string id{};         ///< 32 hex digits; empty: not said
    std::string directory{};  ///< the root; empty: it is an image
    std::optional<Late> cid{};
    Word ssh_address{};  ///< as systemd-ssh-proxy takes it
    Word ssh_key{};
    Word control{};        ///< path of the control socket
    std::string also{};    ///< of a user's machine: where the system's machined hears varlink, if it does. Told as well, it may refuse
    bool may_ask = false;  ///< as for a scope
};
/// The guest stands still before this host sleeps, and goes on afterwards: logind is asked to wait for that, from when the machine is up.
/// Undo: nothing, as logind sees us go.
struct MindSleep {
    Word machine;  ///< its name
};

}  // namespace vmspawn
