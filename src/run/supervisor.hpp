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
};

// Events
struct QmpEvent { std::string name; std::string reason; bool guest = false; };  ///< SHUTDOWN, RESET, GUEST_PANICKED, STOP, …
struct QmpStatus { std::string status; };                                       ///< answer to query-status
struct Signalled { int number = 0; };
struct EscapeTyped {};
struct TimerFired {};
struct QemuEnded { ProcessEnd end; std::string last_words; };
using Event = std::variant<QmpEvent, QmpStatus, Signalled, EscapeTyped, TimerFired, QemuEnded>;

// Commands
struct SendQmp { std::string command; };  ///< "system_powerdown", "query-status", "quit"
struct KillQemu { int signal = 0; };
struct ArmTimer { std::chrono::seconds after{}; };
struct Say { std::string text; bool warning = false; };  ///< a status line on stderr
struct Finish {};                                        ///< leave the loop
using Command = std::variant<SendQmp, KillQemu, ArmTimer, Say, Finish>;

/// What happened, for the verdict.
struct Facts {
    std::optional<int> bring_up_error;  ///< errno of the resource that stopped the bring-up
    std::optional<int> guest_status;    ///< EXIT_STATUS=
    bool panicked = false;
    bool timed_out = false;
    std::optional<int> asked_by;        ///< signal that asked us to end; the keys count as SIGTERM
    bool killed = false;                ///< QEMU had to be ended by a signal of ours
    bool internal_error = false;        ///< KVM gave up: run state internal-error
    bool orderly = false;               ///< QMP said SHUTDOWN
    std::optional<ProcessEnd> qemu;
};

/// The one function that decides the exit status; the table of definition.md section 4.
int verdict(const Facts& facts);

class Supervisor {
public:
    explicit Supervisor(StopLadder ladder) : ladder_(ladder) {}

    std::vector<Command> on(const Event& event);
    [[nodiscard]] const Facts& facts() const { return facts_; }
    [[nodiscard]] const std::string& last_words() const { return last_words_; }
    void set_bring_up_error(int error) { facts_.bring_up_error = error; }

private:
    enum class Stage { running, powering_off, terminating, killing, ended };
    StopLadder ladder_;
    Stage stage_ = Stage::running;
    Facts facts_;
    std::string last_words_;
    std::vector<Command> escalate();
};

}  // namespace vmspawn
