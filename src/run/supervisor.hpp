// How a running machine is watched: event in, commands out, and the verdict. Pure.
#pragma once

#include "plan/plan.hpp"
#include "run/supervisor_events.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

/// What happened, for the verdict.
struct Facts {
    std::optional<int> bring_up_error;  ///< errno of the resource that stopped the bring-up
    std::optional<int> guest_status;    ///< EXIT_STATUS=
    bool has_command = false;
    std::optional<int> command_status;
    bool panicked = false;
    bool timed_out = false;
    std::optional<int> asked_by;  ///< signal that asked us to end; the keys count as SIGTERM
    bool killed = false;          ///< a signal of ours was sent to QEMU
    bool broken = false;          ///< KVM gave up or QMP broke
    bool orderly = false;         ///< QMP said SHUTDOWN, by the guest or on somebody's request to QEMU
    std::optional<ProcessEnd> qemu;
    std::optional<HelperEnded> helper;  ///< whose end was the machine's; never one that only followed QEMU
};

/// QEMU, or what it needs, failed by itself.
bool qemu_failed(const Facts& facts);
/// The one function that decides the exit status; the table of definition.md section 4.
int verdict(const Facts& facts);

class Supervisor {
public:
    /// `command`: the machine is there for a command in the guest.
    explicit Supervisor(StopLadder ladder, NotifyPlan notify = {}, bool command = false) : ladder_(ladder), notify_(std::move(notify)) {
        facts_.has_command = command;
    }

    Commands on(const Event& event);
    [[nodiscard]] const Facts& facts() const { return facts_; }
    void set_bring_up_error(int error) { facts_.bring_up_error = error; }
    /// QEMU has a signal of ours, or is gone: what children say now is about that.
    [[nodiscard]] bool ending() const { return stage_ >= Stage::terminating; }

    /// How long the news may take that a helper ended, when QEMU failed and may have done so because of it.
    static constexpr std::chrono::seconds settle_time{2};

private:
    enum class Stage { starting, running, powering_off, terminating, killing, settling, ended };
    enum class Reboot { none, powering_off, resetting };
    StopLadder ladder_;
    NotifyPlan notify_;
    Stage stage_ = Stage::starting;
    Reboot reboot_ = Reboot::none;
    Facts facts_;
    bool started_ = false;  ///< QEMU
    int qemu_pid_ = 0;
    bool greeted_ = false;
    bool ready_ = false;
    bool command_runs_ = false;
    bool command_knows_ = false;  ///< that it is to end
    std::string guest_status_;    ///< the last STATUS= of the guest
    int helpers_ = 0;             ///< that the machine needs and that run
    std::optional<HelperEnded> suspect_;
    std::string qemu_words_;
    std::string console_;              ///< its end
    bool killed_by_stranger_ = false;  ///< QEMU
    bool paused_ = false;              ///< on request of a client
    bool asleep_ = false;              ///< paused as the host sleeps
    int sleep_call_ = 0;               ///< what QEMU is asked as it does, a negative number; 0: nothing
    int last_sleep_ = 0;

    Commands react(const QemuStarted& event);
    Commands react(const MachineUp&);
    Commands react(const QemuGreeted&);
    Commands react(const QmpEvent& event);
    Commands react(const QmpStatus& event);
    Commands react(const QmpBroken& event);
    Commands react(const Signalled& event);
    Commands react(const RebootAsked&);
    Commands react(const MachineAsked& event);
    Commands react(const MachineAnswered& event);
    Commands react(const HostSleeps& event);
    Commands react(const KeysTyped& event);
    Commands react(const TimerFired&);
    Commands react(const GuestSaid& event);
    Commands react(const ReadyTimedOut& event);
    Commands react(const TimeIsUp& event);
    Commands react(const CommandStarted&);
    Commands react(const CommandEnded& event);
    Commands react(const QemuEnded& event);
    Commands react(const HelperStarted&);
    Commands react(const HelperEnded& event);

    Commands terminate_asked(int call);
    Commands power_off_asked(int call);
    Commands reboot_asked(int call);
    Commands host_may_sleep(const MachineAnswered& event);
    [[nodiscard]] Commands go_on_before_power_off();
    static SendQmp at_power_off(const char* action);
    Commands start_again();
    Commands go_on_after_reset();
    Commands give_up_reboot();
    [[nodiscard]] bool is_for_command(const Signalled& event) const;
    [[nodiscard]] Commands miss_command(const std::string& console) const;
    Commands become_ready();
    [[nodiscard]] std::string leader() const;
    [[nodiscard]] std::string what_the_guest_said(const std::string& console) const;
    [[nodiscard]] TellManager stopping() const;
    Commands lose_helper(const HelperEnded& event);
    [[nodiscard]] bool helper_is_the_cause() const;
    Commands conclude();
    Commands shut_down(const QmpEvent& event);
    Commands press_button();
    Commands end_at_once();
    Commands end_now(const std::string& why);
    Commands escalate(const std::string& why);
    Commands power_off(const std::string& why);
    Commands terminate(const std::string& why);
    Commands give_up(const std::string& why, std::string detail = "");
};

}  // namespace vmspawn
