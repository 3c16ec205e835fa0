// How a running machine is watched: event in, commands out, and the verdict. Pure.
#pragma once

#include "plan/plan.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

/// How a process ended.
struct ProcessEnd {
    bool signalled = false;
    int code = 0;  ///< exit status or signal
    friend bool operator==(const ProcessEnd&, const ProcessEnd&) = default;
};
/// "ended with status 1", "was killed by SIGSEGV"
std::string to_string(const ProcessEnd& end);

// Events
struct QemuStarted {};
struct MachineUp {};    ///< the bring-up is done
struct QemuGreeted {};  ///< it answers QMP: from now on the guest can be asked
/// What QMP reports: SHUTDOWN, RESET, GUEST_PANICKED, STOP, …
struct QmpEvent {
    std::string name;
    std::string reason;  ///< "guest-shutdown", "host-signal"; of other events their action
    bool guest = false;  ///< the guest did it
    friend bool operator==(const QmpEvent&, const QmpEvent&) = default;
};
struct QmpStatus {
    std::string status;  ///< answer to query-status
};
struct QmpBroken {
    std::string problem;  ///< it does not speak QMP any more
};
struct Signalled {
    int number = 0;
};
struct EscapeTyped {};
struct TimerFired {};
/// What the guest's systemd tells, such as READY=1.
struct GuestSaid {
    std::string name;
    std::string value;
};
struct ReadyTimedOut {
    std::string console;  ///< its last lines
};
struct QemuEnded {
    ProcessEnd end;
    std::string last_words;
};
struct HelperStarted {};  ///< one that the machine needs
struct HelperEnded {
    ResourceId id;
    std::string name;  ///< for messages
    Critical critical = Critical::always;
    ProcessEnd end;
    std::string last_words;
};
using Event = std::variant<QemuStarted, MachineUp, QemuGreeted, QmpEvent, QmpStatus, QmpBroken, Signalled, EscapeTyped, TimerFired,
                           GuestSaid, ReadyTimedOut, QemuEnded, HelperStarted, HelperEnded>;

// Commands
struct SendQmp {
    std::string command;  ///< "system_powerdown", "query-status"
};
struct KillQemu {
    int signal = 0;
};
struct ArmTimer {
    std::chrono::seconds after{};
};
struct ArmReadyTimer {
    std::chrono::microseconds after{};  ///< 0: no more
};
struct TellManager {
    std::string state;  ///< as sd_notify(3) takes it
};
struct Say {
    std::string text;
    enum class Kind { status, warning, error } kind = Kind::status;
    std::string detail;  ///< lines of their own
};
struct Finish {};  ///< leave the loop
using Command = std::variant<SendQmp, KillQemu, ArmTimer, ArmReadyTimer, TellManager, Say, Finish>;

/// What happened, for the verdict.
struct Facts {
    std::optional<int> bring_up_error;  ///< errno of the resource that stopped the bring-up
    std::optional<int> guest_status;    ///< EXIT_STATUS=
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
    explicit Supervisor(StopLadder ladder, NotifyPlan notify = {}) : ladder_(ladder), notify_(std::move(notify)) {}

    std::vector<Command> on(const Event& event);
    [[nodiscard]] const Facts& facts() const { return facts_; }
    void set_bring_up_error(int error) { facts_.bring_up_error = error; }
    /// QEMU has a signal of ours, or is gone: what children say now is about that.
    [[nodiscard]] bool ending() const { return stage_ >= Stage::terminating; }

    /// How long the news may take that a helper ended, when QEMU failed and may have done so because of it.
    static constexpr std::chrono::seconds settle_time{2};

private:
    enum class Stage { starting, running, powering_off, terminating, killing, settling, ended };
    using Commands = std::vector<Command>;
    StopLadder ladder_;
    NotifyPlan notify_;
    Stage stage_ = Stage::starting;
    Facts facts_;
    bool started_ = false;  ///< QEMU
    bool greeted_ = false;
    bool ready_ = false;
    std::string guest_status_;  ///< the last STATUS= of the guest
    int helpers_ = 0;           ///< that the machine needs and that run
    std::optional<HelperEnded> suspect_;
    std::string qemu_words_;
    bool killed_by_stranger_ = false;  ///< QEMU

    Commands react(const QemuStarted&);
    Commands react(const MachineUp&);
    Commands react(const QemuGreeted&);
    Commands react(const QmpEvent& event);
    Commands react(const QmpStatus& event);
    Commands react(const QmpBroken& event);
    Commands react(const Signalled& event);
    Commands react(const EscapeTyped&);
    Commands react(const TimerFired&);
    Commands react(const GuestSaid& event);
    Commands react(const ReadyTimedOut& event);
    Commands react(const QemuEnded& event);
    Commands react(const HelperStarted&);
    Commands react(const HelperEnded& event);

    Commands become_ready();
    [[nodiscard]] TellManager stopping() const;
    Commands lose_helper(const HelperEnded& event);
    [[nodiscard]] bool helper_is_the_cause() const;
    Commands conclude();
    Commands shut_down(const QmpEvent& event);
    Commands escalate(const std::string& why);
    Commands power_off(const std::string& why);
    Commands terminate(const std::string& why);
    Commands give_up(const std::string& why, std::string detail = "");
};

}  // namespace vmspawn
