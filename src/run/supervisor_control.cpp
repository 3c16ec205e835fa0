// What the clients of the control socket ask of the machine, and what it does when the host sleeps.
#include "run/supervisor.hpp"

#include <fmt/format.h>

#include <csignal>

namespace vmspawn {

namespace {

Commands with(Commands commands, Command last) {
    commands.push_back(std::move(last));
    return commands;
}

AnswerCall answer(int call, AnswerCall::Kind kind = AnswerCall::Kind::done) {
    return {.kind = kind, .call = call};
}

}  // namespace

Commands Supervisor::react(const MachineAsked& event) {
    if (event.verb == MachineVerb::terminate)
        return terminate_asked(event.call);
    if (event.verb == MachineVerb::power_off)
        return power_off_asked(event.call);
    if (stage_ == Stage::starting)
        return {answer(event.call, AnswerCall::Kind::not_connected)};
    switch (event.verb) {
        case MachineVerb::reboot:
            return reboot_asked(event.call);
        case MachineVerb::pause:
            paused_ = true;
            return {SendQmp{.command = "stop", .call = event.call}};
        case MachineVerb::resume:
            paused_ = false;
            if (asleep_)  // it goes on when the host does
                return {answer(event.call)};
            return {SendQmp{.command = "cont", .call = event.call}};
        case MachineVerb::describe:
        case MachineVerb::terminate:
        case MachineVerb::power_off:
            break;
    }
    return {SendQmp{.command = "query-status", .call = event.call}};
}

/// By QEMU's own command, so that it writes what it holds; by signals where that does not end it.
Commands Supervisor::terminate_asked(int call) {
    constexpr const char* why = "Terminate on the control socket";
    if (!facts_.asked_by)
        facts_.asked_by = SIGTERM;
    if (stage_ == Stage::starting)
        return with(escalate(why), answer(call));
    if (stage_ != Stage::running && stage_ != Stage::powering_off)
        return {answer(call)};
    stage_ = Stage::terminating;
    reboot_ = Reboot::none;
    return {SendQmp{.command = "quit"}, ArmTimer{ladder_.terminate}, stopping(), answer(call),
            Say{.text = fmt::format("{}: QEMU ends; SIGKILL in {} s", why, ladder_.terminate.count()), .detail = ""}};
}

/// Once more is no sign of impatience: who wants the end has Terminate.
Commands Supervisor::power_off_asked(int call) {
    if (stage_ != Stage::running && stage_ != Stage::starting)
        return {answer(call)};
    if (!facts_.asked_by)
        facts_.asked_by = SIGTERM;
    return with(escalate("PowerOff on the control socket"), answer(call));
}

Commands Supervisor::reboot_asked(int call) {
    if (stage_ != Stage::running)
        return {answer(call, AnswerCall::Kind::ending)};
    return with(react(RebootAsked{}), answer(call));
}

Commands Supervisor::react(const MachineAnswered& event) {
    if (event.call < 0)  // no client's: it is about the host's sleep, and perhaps about one that is over
        return event.call == sleep_call_ ? host_may_sleep(event) : Commands{};
    AnswerCall reply{.call = event.call, .status = event.status, .running = event.running};
    if (event.lost)
        reply.kind = AnswerCall::Kind::not_connected;
    else if (!event.error.empty())
        reply.kind = AnswerCall::Kind::failed;
    else if (!event.status.empty())
        reply.kind = AnswerCall::Kind::status;
    Commands commands{std::move(reply)};
    if (!event.error.empty())
        commands.insert(commands.begin(),
                        Say{.text = "QEMU refused a request of a client: " + event.error, .kind = Say::Kind::warning, .detail = ""});
    return commands;
}

/// A guest that stands still already is not ours to let go on. QEMU may answer when the host is awake again.
Commands Supervisor::react(const HostSleeps& event) {
    sleep_call_ = event.asleep && stage_ != Stage::starting ? --last_sleep_ : 0;
    if (event.asleep)
        return sleep_call_ == 0 ? Commands{LetSleep{}} : Commands{SendQmp{.command = "query-status", .call = sleep_call_}};
    if (!std::exchange(asleep_, false) || paused_)
        return {};
    return {SendQmp{.command = "cont"}, Say{.text = "the host is awake, and the guest goes on", .detail = ""}};
}

Commands Supervisor::host_may_sleep(const MachineAnswered& event) {
    if (asleep_ || !event.running)
        return {LetSleep{}};
    asleep_ = true;
    return {SendQmp{.command = "stop", .call = sleep_call_}};
}

/// A guest that is paused hears no button.
Commands Supervisor::go_on_before_power_off() {
    const bool was_paused = std::exchange(paused_, false);
    const bool was_asleep = std::exchange(asleep_, false);
    if (!was_paused && !was_asleep)
        return {};
    return {SendQmp{.command = "cont"}};
}

}  // namespace vmspawn
