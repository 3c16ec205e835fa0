// What the supervisor is told, and what it asks for.
#pragma once

#include "plan/action.hpp"
#include "run/control_call.hpp"
#include "run/escape_keys.hpp"

#include <chrono>
#include <string>
#include <variant>

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
struct QemuStarted {
    int pid = 0;
};
struct MachineUp {};    ///< the bring-up is done
struct QemuGreeted {};  ///< it answers QMP: from now on the guest can be asked
/// What QMP reports: SHUTDOWN, RESET, GUEST_PANICKED, STOP, …
struct QmpEvent {
    std::string name;
    std::string reason;  ///< "guest-shutdown", "host-signal"; of other events their action
    bool guest = false;  ///< the guest did it
    std::string data{};  ///< all that QEMU says besides: a JSON object, or empty
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
    std::string by{};  ///< what to call it; empty: by the signal's name
};
/// From outside: the guest is to power off and start again.
struct RebootAsked {};
/// By a client of the control socket, who waits for an AnswerCall.
struct MachineAsked {
    int call = 0;
    MachineVerb verb = MachineVerb::describe;
};
/// QEMU's answer to a SendQmp that has this call.
struct MachineAnswered {
    int call = 0;
    std::string error{};  ///< QEMU's words; empty: it worked
    std::string status{};
    bool running = false;
    bool lost = false;  ///< QEMU does not talk any more
};
/// The host is about to sleep, or awake again.
struct HostSleeps {
    bool asleep = false;
};
struct KeysTyped {
    HotKey key = HotKey::end;
    bool can_leave = false;  ///< where it was typed, a key leaves the machine running
};
struct TimerFired {};
/// What the guest's systemd tells, such as READY=1.
struct GuestSaid {
    std::string name;
    std::string value;
};
struct ReadyTimedOut {
    std::string console;  ///< its last lines
};
/// The time that the machine was given is over.
struct TimeIsUp {
    std::string console;  ///< its last lines
};
struct CommandStarted {};
struct CommandEnded {
    int status = 0;
};
struct QemuEnded {
    ProcessEnd end;
    std::string last_words;
    std::string console{};  ///< its last lines
};
struct HelperStarted {};  ///< one that the machine needs
struct HelperEnded {
    ResourceId id;
    std::string name;  ///< for messages
    Critical critical = Critical::always;
    ProcessEnd end;
    std::string last_words;
};
using Event = std::variant<QemuStarted, MachineUp, QemuGreeted, QmpEvent, QmpStatus, QmpBroken, Signalled, RebootAsked, MachineAsked,
                           MachineAnswered, HostSleeps, KeysTyped, TimerFired, GuestSaid, ReadyTimedOut, TimeIsUp, CommandStarted,
                           CommandEnded, QemuEnded, HelperStarted, HelperEnded>;

// Commands
struct SendQmp {
    std::string command;      ///< "system_powerdown", "query-status"
    std::string arguments{};  ///< a JSON object; empty: none
    int call = 0;             ///< its answer is to come as a MachineAnswered; 0: it is not
};
/// To a client of the control socket.
struct AnswerCall {
    enum class Kind { done, status, not_connected, ending, failed } kind = Kind::done;
    int call = 0;
    std::string status{};
    bool running = false;
};
/// The host may sleep now.
struct LetSleep {};
struct KillQemu {
    int signal = 0;
};
struct ArmTimer {
    std::chrono::seconds after{};
};
struct ArmReadyTimer {
    std::chrono::microseconds after{};  ///< 0: no more
};
/// To the command in the guest.
struct SignalCommand {
    int signal = 0;
};
struct TellManager {
    std::string state;  ///< as sd_notify(3) takes it
};
struct Say {
    std::string text;
    enum class Kind { status, warning, error } kind = Kind::status;
    std::string detail;  ///< lines of their own
};
inline Say say_status(std::string text) {
    return {.text = std::move(text), .kind = Say::Kind::status, .detail = ""};
}
inline Say say_warning(std::string text) {
    return {.text = std::move(text), .kind = Say::Kind::warning, .detail = ""};
}
struct Finish {};  ///< leave the loop
using Command = std::variant<SendQmp, AnswerCall, LetSleep, KillQemu, ArmTimer, ArmReadyTimer, SignalCommand, TellManager, Say, Finish>;
using Commands = std::vector<Command>;

}  // namespace vmspawn
