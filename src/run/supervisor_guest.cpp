// What the guest tells about itself, and what is told on to the service manager.
#include "run/notify.hpp"
#include "run/start_extension.hpp"
#include "run/supervisor.hpp"

#include <fmt/format.h>

#include <csignal>

namespace vmspawn {

namespace {

void add_line(std::string& lines, const std::string& line) {
    lines += (lines.empty() ? "" : "\n") + line;
}

}  // namespace

Commands Supervisor::react(const MachineUp&) {
    if (stage_ != Stage::running)
        return {};
    if (!notify_.wait) {
        Commands commands{TellManager{leader()}};
        for (Command& command : become_ready())
            commands.push_back(std::move(command));
        return commands;
    }
    std::string state = "STATUS=VM started.";
    add_line(state, leader());
    if (!notify_.timeout || ready_)
        return {TellManager{state}};
    // ready.timeout decides, and whoever waits for the service hears from vmspawn that the guest was late
    add_line(state, extend_timeout(*notify_.timeout + ladder_.terminate + settle_time));
    return {TellManager{state}, ArmReadyTimer{*notify_.timeout}};
}

/// As systemd-vmspawn tells it.
std::string Supervisor::leader() const {
    return fmt::format("X_VMSPAWN_LEADER_PID={}", qemu_pid_);
}

Commands Supervisor::become_ready() {
    if (ready_)
        return {};
    ready_ = true;
    return {ArmReadyTimer{}, TellManager{"READY=1\nSTATUS=VM running."}};
}

Commands Supervisor::react(const GuestSaid& event) {
    if (event.name == "READY" && event.value == "1")
        return become_ready();
    if (event.name == "STATUS") {
        guest_status_ = event.value;
        return {TellManager{"STATUS=VM running: " + event.value}};
    }
    if (event.name != "EXIT_STATUS")
        return {};
    if (const std::optional<int> number = parse_exit_status(event.value)) {
        facts_.guest_status = number;
        return {};
    }
    return {Say{.text = fmt::format("the guest sent EXIT_STATUS={}, which is no status; ignored", event.value),
                .kind = Say::Kind::warning,
                .detail = ""}};
}

std::string Supervisor::what_the_guest_said(const std::string& console) const {
    std::string detail;
    if (facts_.panicked)
        add_line(detail, "it panicked");
    if (!guest_status_.empty())
        add_line(detail, "its last status: " + guest_status_);
    else if (!ready_)
        add_line(detail, "it has told nothing about itself so far");
    if (!console.empty())
        add_line(detail, "the end of its console:\n" + console);
    return detail;
}

Commands Supervisor::react(const ReadyTimedOut& event) {
    if (ready_ || stage_ != Stage::running)
        return {};
    facts_.timed_out = true;
    const double seconds = static_cast<double>(notify_.timeout->count()) / 1e6;
    Commands commands{Say{.text = fmt::format("the guest was not ready after {:g} s (ready.timeout)", seconds),
                          .kind = Say::Kind::error,
                          .detail = what_the_guest_said(event.console)}};
    for (Command& command : terminate("ready.timeout"))
        commands.push_back(std::move(command));
    return commands;
}

Commands Supervisor::react(const TimeIsUp& event) {
    if (ending() || facts_.command_status)  // what is left then has a limit of its own
        return {};
    facts_.timed_out = true;
    Commands commands{Say{.text = "the machine has had its time (--timeout)",
                          .kind = Say::Kind::error,
                          .detail = started_ ? what_the_guest_said(event.console) : ""}};
    for (Command& command : end_now("--timeout"))
        commands.push_back(std::move(command));
    return commands;
}

TellManager Supervisor::stopping() const {
    const auto most = ladder_.power_off + ladder_.terminate + settle_time;
    return {"STOPPING=1\nSTATUS=VM powering off.\n" + extend_timeout(most)};
}

}  // namespace vmspawn
