#include "run/control_call.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstring>

namespace vmspawn {

namespace {

using nlohmann::json;

constexpr std::string_view instance = "io.systemd.MachineInstance.";
constexpr std::string_view varlink_errors = "org.varlink.service.";
constexpr std::string_view attach_method = "io.vmspawn.Console.Attach";
constexpr std::size_t longest_name = 255;

/// Reads the members of `parameters`; the first that is wrong is remembered.
class Parameters {
public:
    explicit Parameters(const json& call) {
        const auto found = call.find("parameters");
        if (found != call.end() && !found->is_null())
            given_ = &*found;
        if (given_ != nullptr && !given_->is_object())
            wrong_ = "parameters";
    }

    std::string text(const char* name, bool required = true) {
        const json* value = find(name, required);
        if (value == nullptr)
            return {};
        if (!value->is_string() || (required && value->get_ref<const std::string&>().empty()))
            return refuse(name), std::string();
        return value->get<std::string>();
    }

    std::size_t index(const char* name) {
        const json* value = find(name, true);
        if (value != nullptr && !value->is_number_unsigned())
            refuse(name);
        return value != nullptr && value->is_number_unsigned() ? value->get<std::size_t>() : 0;
    }

    std::vector<std::string> texts(const char* name) {
        const json* value = find(name, false);
        if (value == nullptr)
            return {};
        std::vector<std::string> all;
        if (!value->is_array())
            refuse(name);
        else
            for (const json& one : *value) {
                if (!one.is_string())
                    refuse(name);
                else
                    all.push_back(one.get<std::string>());
            }
        return all;
    }

    /// A name that a disk can have.
    std::string name() {
        std::string value = text("name");
        if (value.size() > longest_name || std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < ' '; }))
            refuse("name");
        return value;
    }

    /// The request, unless a parameter was wrong, missing, or is none of this method.
    ControlRequest checked(ControlRequest request) {
        if (wrong_.empty() && given_ != nullptr)
            for (const auto& [name, value] : given_->items())
                if (std::ranges::find(known_, name) == known_.end() && wrong_.empty())
                    wrong_ = name;
        return wrong_.empty() ? std::move(request) : ControlRequest(invalid_parameter(wrong_));
    }

private:
    const json* given_ = nullptr;
    std::vector<std::string> known_;
    std::string wrong_;

    void refuse(const std::string& name) {
        if (wrong_.empty())
            wrong_ = name;
    }
    const json* find(const char* name, bool required) {
        known_.emplace_back(name);
        if (given_ != nullptr && given_->is_object())
            if (const auto found = given_->find(name); found != given_->end() && !found->is_null())
                return &*found;
        if (required)
            refuse(name);
        return nullptr;
    }
};

std::optional<MachineVerb> verb_of(std::string_view method) {
    constexpr std::array<std::pair<std::string_view, MachineVerb>, 6> verbs{{{"Terminate", MachineVerb::terminate},
                                                                             {"PowerOff", MachineVerb::power_off},
                                                                             {"Reboot", MachineVerb::reboot},
                                                                             {"Pause", MachineVerb::pause},
                                                                             {"Resume", MachineVerb::resume},
                                                                             {"Describe", MachineVerb::describe}}};
    const auto* found = std::ranges::find(verbs, method, &std::pair<std::string_view, MachineVerb>::first);
    return found != verbs.end() ? std::optional(found->second) : std::nullopt;
}

ControlRequest read_storage(std::string_view method, Parameters& given) {
    if (method == "RemoveStorage")
        return given.checked(RemoveStorage{given.name()});
    const std::size_t descriptor = given.index("fileDescriptorIndex");
    if (method == "ReplaceStorage")
        return given.checked(ReplaceStorage{.name = given.name(), .descriptor = descriptor});
    return given.checked(AddStorage{.name = given.name(), .config = given.text("config", false), .descriptor = descriptor});
}

ControlRequest read_request(const std::string& method, const json& call, bool more) {
    Parameters given(call);
    const auto named = [](std::string_view name, std::string_view member, std::string_view value) {
        return VarlinkError{fmt::format("{}{}", varlink_errors, name),
                            json{{member, value}}.dump(-1, ' ', false, json::error_handler_t::replace)};
    };
    if (method.starts_with(instance)) {
        const std::string_view name = std::string_view(method).substr(instance.size());
        if (const auto verb = verb_of(name))
            return given.checked(AskMachine{*verb});
        if (name == "SubscribeEvents")
            return more ? given.checked(SubscribeEvents{given.texts("filter")})
                        : VarlinkError{fmt::format("{}ExpectedMore", varlink_errors)};
        if (name == "AddStorage" || name == "RemoveStorage" || name == "ReplaceStorage")
            return read_storage(name, given);
        return named("MethodNotFound", "method", method);
    }
    if (method == attach_method) {
        if (call.value("upgrade", json()) != json(true))
            return VarlinkError{"io.vmspawn.Console.ExpectedUpgrade"};
        return given.checked(AttachConsole{});
    }
    if (method == "org.varlink.service.GetInfo")
        return given.checked(GetInfo{});
    if (method == "org.varlink.service.GetInterfaceDescription")
        return given.checked(GetInterfaceDescription{given.text("interface")});
    const std::string interface = method.substr(0, method.rfind('.'));
    if (interface == "org.varlink.service" || interface == "io.vmspawn.Console" || interface == "io.systemd.VirtualMachineInstance")
        return named("MethodNotFound", "method", method);
    return named("InterfaceNotFound", "interface", interface);
}

/// What stands under this name; nothing where it is no truth value.
std::optional<bool> flag(const json& call, const char* name) {
    const auto found = call.find(name);
    if (found == call.end() || found->is_null())
        return false;
    return found->is_boolean() ? std::optional(found->get<bool>()) : std::nullopt;
}

std::string dumped(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

VarlinkError errno_error(int error) {
    json parameters{{"origin", "linux"}, {"errno", error}};
    if (const char* name = strerrorname_np(error); name != nullptr)
        parameters["errnoName"] = name;
    return {"io.systemd.System", dumped(parameters)};
}

VarlinkError instance_error(std::string_view name, std::string_view reason) {
    VarlinkError error{fmt::format("{}{}", instance, name)};
    if (!reason.empty())
        error.parameters = dumped({{"reason", reason}});
    return error;
}

VarlinkError invalid_parameter(std::string_view name) {
    return {fmt::format("{}InvalidParameter", varlink_errors), dumped({{"parameter", name}})};
}

std::optional<ControlCall> parse_control_call(std::string_view message) {
    const json call = json::parse(message, nullptr, /*allow_exceptions=*/false);
    if (!call.is_object())
        return std::nullopt;
    const auto method = call.find("method");
    const auto more = flag(call, "more");
    const auto oneway = flag(call, "oneway");
    if (method == call.end() || !method->is_string() || !more || !oneway || (*more && *oneway))
        return std::nullopt;
    return ControlCall{.request = read_request(method->get<std::string>(), call, *more), .oneway = *oneway};
}

std::string varlink_reply(std::string_view parameters, bool more_follow) {
    std::string reply = fmt::format("{{\"parameters\":{}{}}}", parameters, more_follow ? ",\"continues\":true" : "");
    reply += '\0';
    return reply;
}

std::string varlink_reply(const VarlinkError& error) {
    std::string reply = fmt::format("{{\"error\":\"{}\",\"parameters\":{}}}", error.name, error.parameters);
    reply += '\0';
    return reply;
}

std::string event_reply(std::string_view event, std::string_view data) {
    const std::string more = data.empty() ? "" : fmt::format(",\"data\":{}", data);
    return varlink_reply(fmt::format("{{\"event\":{}{}}}", dumped(event), more), true);
}

std::string status_reply(bool running, std::string_view status) {
    return varlink_reply(fmt::format("{{\"running\":{},\"status\":{}}}", running, dumped(status.empty() ? "unknown" : status)));
}

}  // namespace vmspawn
