// What the supervisor is told, and what it asks for.
#pragma once

#include "plan/action.hpp"
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
    std::string by{};  ///< what to call it; empty: by the signal's name
};
/// From outside: the guest is to power off and start again.
struct RebootAsked {};
struct KeysTyped {
    HotKey key = HotKey::end;
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
using Event = std::variant<QemuStarted, MachineUp, QemuGreeted, QmpEvent, QmpStatus, QmpBroken, Signalled, RebootAsked, KeysTyped,
                           TimerFired, GuestSaid, ReadyTimedOut, QemuEnded, HelperStarted, HelperEnded>;

// Commands
struct SendQmp {
    std::string command;    ///< "system_powerdown", "query-status"
    std::string arguments;  ///< a JSON object; empty: none
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

}  // namespace vmspawn
