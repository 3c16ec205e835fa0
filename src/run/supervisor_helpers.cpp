// Who is to blame when QEMU and helpers end: a helper that dies takes QEMU with it, and QEMU's end is the end of its helpers. The
// news may come in either order.
#include "run/supervisor.hpp"

#include <csignal>

namespace vmspawn {

namespace {

bool ended_well(const ProcessEnd& end) {
    return end == ProcessEnd{};
}

}  // namespace

Commands Supervisor::react(const HelperStarted&) {
    helpers_++;
    return {};
}

Commands Supervisor::react(const HelperEnded& event) {
    const bool needed = event.critical == Critical::always || (event.critical == Critical::until_ready && !ready_);
    if (event.critical != Critical::never)
        helpers_--;
    if (stage_ == Stage::settling) {
        if (needed && !ended_well(event.end))
            suspect_ = event;
        return helpers_ == 0 ? conclude() : Commands{};
    }
    if (facts_.orderly || facts_.killed)  // QEMU is going: this follows
        return {};
    if (needed)
        return lose_helper(event);
    return {Say{.text = event.name + " " + to_string(event.end), .kind = Say::Kind::warning, .detail = event.last_words}};
}

/// QEMU may have gone first, unnoticed so far: then the signal does nothing, and how QEMU ended tells who is to blame. A power-off
/// would be in vain: the guest may hang without this helper.
Commands Supervisor::lose_helper(const HelperEnded& event) {
    if (!suspect_ || ended_well(suspect_->end))
        suspect_ = event;
    if (ending())
        return {};
    if (!started_) {
        facts_.helper = suspect_;
        stage_ = Stage::ended;
        return {Finish{}};
    }
    stage_ = Stage::terminating;
    return {KillQemu{SIGTERM}, ArmTimer{ladder_.terminate}};
}

bool Supervisor::helper_is_the_cause() const {
    if (!suspect_)
        return false;
    if (suspect_->end.signalled)
        return true;
    if (!ended_well(suspect_->end))
        return !killed_by_stranger_;
    // A helper also ends well when its client goes. It went first if QEMU then needed our signal to end.
    const bool failed_by_itself = killed_by_stranger_ || (!facts_.qemu->signalled && facts_.qemu->code != 0);
    return !failed_by_itself && !facts_.orderly;
}

Commands Supervisor::react(const QemuEnded& event) {
    facts_.qemu = event.end;
    qemu_words_ = event.last_words;
    console_ = event.console;
    if (ladder_.silent_power_off && !facts_.killed && ended_well(event.end))
        facts_.orderly = true;
    const bool by_us = facts_.killed || stage_ == Stage::terminating;
    killed_by_stranger_ =
        event.end.signalled && !(by_us && event.end.code == SIGTERM) && !(stage_ == Stage::killing && event.end.code == SIGKILL);
    const bool known = facts_.broken || (suspect_ && !ended_well(suspect_->end));
    if (!qemu_failed(facts_) || known || helpers_ == 0)
        return conclude();
    stage_ = Stage::settling;
    return {ArmTimer{settle_time}};
}

Commands Supervisor::conclude() {
    stage_ = Stage::ended;
    const bool known = facts_.broken;
    if (helper_is_the_cause())
        facts_.helper = suspect_;
    if (!qemu_failed(facts_) && greeted_)
        if (Commands missed = miss_command(console_); !missed.empty())
            return {std::move(missed.front()), Finish{}};
    if (!qemu_failed(facts_) || known || !greeted_)  // before the greeting it is the bring-up's to tell
        return {Finish{}};
    Say say{.text = "QEMU " + to_string(*facts_.qemu), .kind = Say::Kind::error, .detail = qemu_words_};
    if (facts_.helper)
        say = {.text = facts_.helper->name + " " + to_string(facts_.helper->end) + "; the guest cannot go on without it",
               .kind = Say::Kind::error,
               .detail = facts_.helper->last_words};
    else if (ended_well(*facts_.qemu))
        say.text = "QEMU ended although the guest did not power off";
    return {std::move(say), Finish{}};
}

}  // namespace vmspawn
