// Whose a name is that the host's systemd has already.
#pragma once

#include "run/bus.hpp"

#include <functional>
#include <string>

namespace vmspawn {

/// A sentence.
using TellHolder = std::function<void(const std::string& who)>;

/// "there is a machine-web.scope already, in use by sleep, pid 123". `told` is called once, from the loop.
void ask_who_has_unit(Bus& bus, const std::string& unit, TellHolder told);

/// "systemd-machined has a machine web already, of systemd-nspawn, with the leader systemd, pid 123"
void ask_who_has_machine(Bus& bus, const std::string& machine, TellHolder told);
/// The same where it cannot be asked.
std::string machine_is_there(const std::string& machine);

}  // namespace vmspawn
