// A reboot from outside: the guest powers off in order, QEMU only pauses then, and starts it again from the beginning.
#include "run/supervisor.hpp"

#include <fmt/format.h>

namespace vmspawn {

SendQmp Supervisor::at_power_off(const char* action) {
    return {"set-action", fmt::format(R"({{"shutdown":"{}"}})", action)};
}

Commands Supervisor::react(const RebootAsked&) {
    if (stage_ != Stage::running || reboot_ != Reboot::none)
        return {};
    reboot_ = Reboot::powering_off;
    Commands commands = go_on_before_power_off();
    commands.insert(commands.end(),
                    {at_power_off("pause"), SendQmp{"system_powerdown", ""}, ArmTimer{ladder_.power_off},
                     say_status(fmt::format("reboot: asked the guest to power off, and it then starts again; in {} s at the latest",
                                            ladder_.power_off.count()))});
    return commands;
}

/// Of a guest that is off, or that did not power off in time.
Commands Supervisor::start_again() {
    reboot_ = Reboot::resetting;
    return {SendQmp{"system_reset", ""}, at_power_off("poweroff")};
}

/// What is paused goes on only after the reset, which comes some time after the answer to system_reset.
Commands Supervisor::go_on_after_reset() {
    reboot_ = Reboot::none;
    return {SendQmp{"cont", ""}, say_status("the guest starts again")};
}

/// The guest is to power off for good now.
Commands Supervisor::give_up_reboot() {
    if (reboot_ == Reboot::none)
        return {};
    const bool off = reboot_ == Reboot::resetting;
    reboot_ = Reboot::none;
    Commands commands{at_power_off("poweroff")};
    if (off)
        commands.emplace_back(SendQmp{"cont", ""});
    return commands;
}

}  // namespace vmspawn
