// What a client of the control socket asks for, read from one message; and the answers. Pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vmspawn {

/// Methods of io.systemd.MachineInstance that concern the machine as a whole.
enum class MachineVerb { terminate, power_off, reboot, pause, resume, describe };

struct AskMachine {
    MachineVerb verb = MachineVerb::describe;
};
struct SubscribeEvents {
    std::vector<std::string> filter;  ///< names of events; empty: all
};
struct AddStorage {
    std::string name;
    std::string config;  ///< a disk type; empty: the usual one
    std::size_t descriptor = 0;
};
struct RemoveStorage {
    std::string name;
};
struct ReplaceStorage {
    std::string name;
    std::size_t descriptor = 0;
};
/// Of io.vmspawn.Console: the connection is one of LiveEntry afterwards.
struct AttachConsole {};
/// Of org.varlink.service.
struct GetInfo {};
struct GetInterfaceDescription {
    std::string interface;
};

struct VarlinkError {
    std::string name;
    std::string parameters = "{}";  ///< a JSON object
    friend bool operator==(const VarlinkError&, const VarlinkError&) = default;
};
/// An errno, as systemd's services say it.
VarlinkError errno_error(int error);
/// One of io.systemd.MachineInstance: "NotConnected".
VarlinkError instance_error(std::string_view name, std::string_view reason = "");
VarlinkError invalid_parameter(std::string_view name);

using ControlRequest = std::variant<AskMachine, SubscribeEvents, AddStorage, RemoveStorage, ReplaceStorage, AttachConsole, GetInfo,
                                    GetInterfaceDescription, VarlinkError>;  ///< the last: what a wrong call is answered with
struct ControlCall {
    ControlRequest request;
    bool oneway = false;  ///< no answer is wanted
};

/// Nothing: it is no call at all. Never throws, whatever the bytes are.
std::optional<ControlCall> parse_control_call(std::string_view message);

/// Messages with their NUL. `parameters`: a JSON object.
std::string varlink_reply(std::string_view parameters, bool more_follow = false);
std::string varlink_reply(const VarlinkError& error);
/// An event of QMP; `data`: a JSON object, or empty.
std::string event_reply(std::string_view event, std::string_view data);
std::string status_reply(bool running, std::string_view status);
std::string info_reply();
/// The text of an interface, or that there is none.
std::string description_reply(const std::string& interface);

}  // namespace vmspawn
