// The verbs about running machines.
#pragma once

#include "config/arguments.hpp"
#include "run/machines.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// list, status, logs, console, stop, reboot, kill, wait, events.
bool is_about_running_machines(const std::string& verb);

/// Carries such a verb out for each machine that is named; returns the exit status, of the last failure.
int look_after(const Invocation& said);

/// Where machines are looked for, as list_machines() takes it.
std::vector<std::string> bases();

/// Tells that no such machine runs, and which may be meant; returns the exit status. `verb`: who asked.
int refuse_unknown(const std::string& verb, const std::string& name);

/// Asks the guest to power off in order and starts it again.
int reboot(const ListedMachine& machine);
/// What it has shown since it started; with --follow until its end.
int show_logs(const Invocation& said, const ListedMachine& machine);
/// Its console on this terminal, until its end or the keys that leave it.
int view(const Invocation& said, const ListedMachine& machine);
/// What QEMU tells of them, each event a line of JSON, until all have ended.
int stream_events(const std::vector<ListedMachine>& machines);

}  // namespace vmspawn
