// The verbs about running machines.
#pragma once

#include "config/arguments.hpp"
#include "run/machine_ending.hpp"
#include "run/machines.hpp"

#include <chrono>
#include <optional>
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

/// "it ended 3 min ago with status 5: …", of what was said the first line.
std::string ending_text(const PastMachine& past);
/// wait --for=stopped: the status with which it ended, where that can be learnt, else 0; a failure is said.
int wait_for_ending(const ListedMachine& machine, std::optional<std::chrono::steady_clock::time_point> until);
/// The same of one that has ended.
int tell_past(const std::string& name);
/// Waits for the machine's end and, where `watched` is a descriptor, for news there. False: the time is over.
bool wait_for_news(const ListedMachine& machine, int watched, std::optional<std::chrono::steady_clock::time_point> until);
bool has_ended(const ListedMachine& machine);

/// Asks the guest to power off in order and starts it again.
int reboot(const ListedMachine& machine);
/// What it has shown since it started; with --follow until its end.
int show_logs(const Invocation& said, const ListedMachine& machine);
/// Its console on this terminal, until its end or the keys that leave it.
int view(const Invocation& said, const ListedMachine& machine);
/// What QEMU tells of them, each event a line of JSON, until all have ended.
int stream_events(const std::vector<ListedMachine>& machines);

}  // namespace vmspawn
