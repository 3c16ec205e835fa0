#include "run/supervisor.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace vmspawn {

namespace {

std::string signal_name(int number) {
    const char* name = sigabbrev_np(number);
    return name != nullptr ? fmt::format("SIG{}", name) : fmt::format("signal {}", number);
}

}  // namespace

std::string to_string(const ProcessEnd& end) {
    return end.signalled ? "was killed by " + signal_name(end.code) : fmt::format("ended with status {}", end.code);
}

Commands Supervisor::on(const Event& event) {
    if (stage_ == Stage::ended)
        return {};
    return std::visit([this](const auto& one) { return react(one); }, event);
}

Commands Supervisor::react(const QemuStarted& event) {
    started_ = true;
    qemu_pid_ = event.pid;
    return {};
}

Commands Supervisor::react(const QemuGreeted&) {
    greeted_ = true;
    if (stage_ == Stage::starting)
        stage_ = Stage::running;
    return {};
}

Commands Supervisor::react(const QmpEvent& event) {
    if (event.name == "SHUTDOWN")
        return shut_down(event);
    if (event.name == "GUEST_PANICKED") {
        facts_.panicked = true;
        return {say_warning("the guest panicked")};
    }
    if (event.name == "RESET" && reboot_ == Reboot::resetting)
        return go_on_after_reset();
    if (event.name == "RESET" && event.guest && command_runs_)
        return give_up("the guest restarted while the command ran");
    if (event.name == "RESET" && event.guest)
        return {say_status("the guest restarted")};
    if (event.name == "STOP")
        return {SendQmp{"query-status", ""}};
    return {};
}

Commands Supervisor::shut_down(const QmpEvent& event) {
    // host-signal: somebody ended QEMU, us or a stranger; facts_.killed tells them apart. host-error: QEMU's own trouble.
    if (event.reason == "host-signal" || event.reason == "host-error")
        return {};
    if (reboot_ == Reboot::powering_off)
        return start_again();
    facts_.orderly = true;
    return {};
}

Commands Supervisor::react(const QmpStatus& event) {
    if (event.status == "internal-error")
        return give_up("the virtual processor hit an error that KVM cannot handle; the guest cannot go on");
    if (event.status == "io-error")
        return {say_warning("the guest is paused: one of its disks could not be read or written; is the host's disk full?")};
    if (event.status == "guest-panicked")
        return {say_warning("the panicked guest is paused; end it with SIGTERM")};
    return {};
}

Commands Supervisor::react(const QmpBroken& event) {
    return give_up("QEMU does not speak QMP any more", event.problem);
}

Commands Supervisor::react(const Signalled& event) {
    // A terminal that closes says so more than once (the kernel, the shell, end of file): that is no second request.
    if (event.number == SIGHUP && (facts_.asked_by || command_knows_))
        return {};
    if (is_for_command(event)) {
        command_knows_ = true;
        return {SignalCommand{event.number}, say_status(signal_name(event.number) + ": sent to the command; another one ends the machine")};
    }
    if (!facts_.asked_by)
        facts_.asked_by = event.number;
    return escalate(event.by.empty() ? signal_name(event.number) : event.by);
}

Commands Supervisor::react(const KeysTyped& event) {
    constexpr std::string_view keys = "^] three times ends the machine, ^]^]p asks the guest to power off and ^]^]r to reboot";
    const bool can_ask = stage_ == Stage::running || stage_ == Stage::powering_off;
    switch (event.key) {
        case HotKey::end:
            return end_at_once();
        case HotKey::help:
            return {say_status(fmt::format("{}{}", keys, event.can_leave ? ", ^]^]] leaves it running" : ""))};
        case HotKey::power_off:
            // As the button of a machine: the guest may take its time, or not listen.
            return can_ask ? press_button() : Commands{};
        case HotKey::reboot:
            return react(RebootAsked{});
        case HotKey::detach:  // concerns a terminal, not the machine
            break;
    }
    return {};
}

Commands Supervisor::press_button() {
    Commands commands = go_on_before_power_off();
    commands.emplace_back(SendQmp{"system_powerdown"});
    commands.emplace_back(say_status("^]^]p: asked the guest to power off"));
    return commands;
}

Commands Supervisor::end_at_once() {
    if (!facts_.asked_by)
        facts_.asked_by = SIGTERM;
    // Who types the keys wants out: the guest is not asked first.
    if (stage_ == Stage::running || stage_ == Stage::powering_off)
        return terminate("^] typed three times");
    return escalate("^] typed three times");
}

Commands Supervisor::react(const TimerFired&) {
    if (stage_ == Stage::powering_off)
        return escalate(fmt::format("no end after {} s", ladder_.power_off.count()));
    if (stage_ == Stage::terminating)
        return escalate(fmt::format("no end after {} s", ladder_.terminate.count()));
    if (stage_ == Stage::settling)
        return conclude();
    if (reboot_ == Reboot::powering_off)
        return start_again();
    return {};
}

Commands Supervisor::escalate(const std::string& why) {
    switch (stage_) {
        case Stage::running:
            return power_off(why);
        case Stage::starting:
            return end_now(why);
        case Stage::powering_off:
            return terminate(why);
        case Stage::terminating:
            stage_ = Stage::killing;
            facts_.killed = true;
            return {KillQemu{SIGKILL}, say_status(why + ": sent SIGKILL to QEMU")};
        case Stage::killing:
        case Stage::settling:
        case Stage::ended:
            break;
    }
    return {};
}

/// Without asking the guest, which may not be there yet.
Commands Supervisor::end_now(const std::string& why) {
    if (started_)
        return terminate(why);
    stage_ = Stage::ended;
    return {Finish{}, say_status(why + ": the machine does not start")};
}

Commands Supervisor::power_off(const std::string& why) {
    stage_ = Stage::powering_off;
    Commands commands = give_up_reboot();
    for (Command& command : go_on_before_power_off())
        commands.push_back(std::move(command));
    commands.insert(commands.end(),
                    {SendQmp{"system_powerdown", ""}, ArmTimer{ladder_.power_off}, stopping(),
                     say_status(fmt::format("{}: asked the guest to power off; SIGTERM to QEMU in {} s or at a second signal", why,
                                            ladder_.power_off.count()))});
    return commands;
}

Commands Supervisor::terminate(const std::string& why) {
    stage_ = Stage::terminating;
    facts_.killed = true;
    return {KillQemu{SIGTERM}, ArmTimer{ladder_.terminate}, stopping(),
            say_status(fmt::format("{}: sent SIGTERM to QEMU; SIGKILL in {} s or at another signal", why, ladder_.terminate.count()))};
}

Commands Supervisor::give_up(const std::string& why, std::string detail) {
    facts_.broken = true;
    Commands commands{Say{.text = why, .kind = Say::Kind::error, .detail = std::move(detail)}};
    if (stage_ == Stage::terminating || stage_ == Stage::killing)
        return commands;
    stage_ = Stage::terminating;
    facts_.killed = true;
    commands.emplace_back(KillQemu{SIGTERM});
    commands.emplace_back(ArmTimer{ladder_.terminate});
    return commands;
}

}  // namespace vmspawn
