// A command in the guest, with which the machine ends.
#include "run/supervisor.hpp"

namespace vmspawn {

namespace {}  // namespace

Commands Supervisor::react(const CommandStarted&) {
    command_runs_ = true;
    return {};
}

/// The guest powers off by itself then. That it is asked to as well only matters where it hangs.
Commands Supervisor::react(const CommandEnded& event) {
    command_runs_ = false;
    facts_.command_status = event.status;
    return stage_ == Stage::running ? power_off("the command has ended") : Commands{};
}

/// As of a local process. Who asks for the end of the machine, or asks again, does not mean the command.
bool Supervisor::is_for_command(const Signalled& event) const {
    return command_runs_ && !command_knows_ && stage_ == Stage::running && event.by.empty();
}

/// The machine has ended, and nobody else is to blame for that there is no status.
Commands Supervisor::miss_command(const std::string& console) const {
    const bool missed = facts_.has_command && !facts_.command_status && !facts_.asked_by && !facts_.timed_out;
    if (!missed)
        return {};
    const std::string end = facts_.panicked ? "panicked" : "powered off";
    return {Say{.text = "the guest " + end + (command_runs_ ? " before the command had ended" : " without running the command"),
                .kind = Say::Kind::error,
                .detail = console.empty() ? "" : "the end of its console:\n" + console}};
}

}  // namespace vmspawn
