#include "run/host_scope.hpp"

#include "run/descendants.hpp"
#include "run/taken_name.hpp"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr const char* systemd = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";

BusMethod of_manager(const char* name) {
    return {systemd, manager_path, manager, name};
}

/// Appends a value as the variant that a property is, and tells what sd-bus says.
struct AppendValue {
    sd_bus_message* call;

    int operator()(bool value) const { return sd_bus_message_append(call, "v", "b", static_cast<int>(value)); }
    int operator()(std::int32_t value) const { return sd_bus_message_append(call, "v", "i", value); }
    int operator()(std::uint32_t value) const { return sd_bus_message_append(call, "v", "u", value); }
    int operator()(std::uint64_t value) const { return sd_bus_message_append(call, "v", "t", value); }
    int operator()(const std::string& value) const { return sd_bus_message_append(call, "v", "s", value.c_str()); }
    int operator()(const std::vector<std::string>& values) const {
        return array("as", "s", [&] {
            int result = 0;
            for (const std::string& value : values)
                result = result < 0 ? result : sd_bus_message_append(call, "s", value.c_str());
            return result;
        });
    }
    int operator()(const UnitProperty::Mask& mask) const {
        return variant("ay", [&] { return sd_bus_message_append_array(call, 'y', mask.data(), mask.size()); });
    }
    int operator()(const UnitProperty::Limits& limits) const {
        return array("a(st)", "(st)", [&] {
            int result = 0;
            for (const auto& [path, number] : limits)
                result = result < 0 ? result : sd_bus_message_append(call, "(st)", path.c_str(), number);
            return result;
        });
    }
    int operator()(const UnitProperty::Rights& rights) const {
        return array("a(ss)", "(ss)", [&] {
            int result = 0;
            for (const auto& [path, letters] : rights)
                result = result < 0 ? result : sd_bus_message_append(call, "(ss)", path.c_str(), letters.c_str());
            return result;
        });
    }

    int operator()(const UnitProperty::Addresses& addresses) const {
        return array("a(iayu)", "(iayu)", [&] {
            int result = 0;
            for (const auto& [family, bytes, length] : addresses) {
                result = result < 0 ? result : sd_bus_message_open_container(call, 'r', "iayu");
                result = result < 0 ? result : sd_bus_message_append(call, "i", family);
                result = result < 0 ? result : sd_bus_message_append_array(call, 'y', bytes.data(), bytes.size());
                result = result < 0 ? result : sd_bus_message_append(call, "u", length);
                result = result < 0 ? result : sd_bus_message_close_container(call);
            }
            return result;
        });
    }
    int operator()(const UnitProperty::Binds& binds) const {
        return array("a(iiqq)", "(iiqq)", [&] {
            int result = 0;
            for (const auto& [family, protocol, count, first] : binds)
                result = result < 0 ? result : sd_bus_message_append(call, "(iiqq)", family, protocol, count, first);
            return result;
        });
    }
    int operator()(const UnitProperty::Interfaces& interfaces) const {
        return variant("(bas)", [&] {
            int result = sd_bus_message_open_container(call, 'r', "bas");
            result = result < 0 ? result : sd_bus_message_append(call, "b", static_cast<int>(interfaces.first));
            result = result < 0 ? result : sd_bus_message_open_container(call, 'a', "s");
            for (const std::string& name : interfaces.second)
                result = result < 0 ? result : sd_bus_message_append(call, "s", name.c_str());
            result = result < 0 ? result : sd_bus_message_close_container(call);
            return result < 0 ? result : sd_bus_message_close_container(call);
        });
    }

    template <class Inside>
    int variant(const char* type, const Inside& inside) const {
        int result = sd_bus_message_open_container(call, 'v', type);
        result = result < 0 ? result : inside();
        return result < 0 ? result : sd_bus_message_close_container(call);
    }
    template <class Inside>
    int array(const char* type, const char* element, const Inside& inside) const {
        return variant(type, [&] {
            int result = sd_bus_message_open_container(call, 'a', element);
            result = result < 0 ? result : inside();
            return result < 0 ? result : sd_bus_message_close_container(call);
        });
    }
};

int append_property(sd_bus_message* call, const UnitProperty& property) {
    int result = sd_bus_message_open_container(call, 'r', "sv");
    result = result < 0 ? result : sd_bus_message_append(call, "s", property.name.c_str());
    result = result < 0 ? result : std::visit(AppendValue{call}, property.value);
    return result < 0 ? result : sd_bus_message_close_container(call);
}

}  // namespace

std::string scope_of_machine(std::string_view machine) {
    std::string escaped;
    for (const char c : machine)
        escaped += c == '-' || (c == '.' && escaped.empty()) ? fmt::format("\\x{:02x}", c) : std::string(1, c);
    return fmt::format("machine-{}.scope", escaped);
}

HostScope::HostScope(EventLoop& loop, MakeScope scope, std::string machine, Handlers handlers)
    : loop_(loop),
      scope_(std::move(scope)),
      machine_(std::move(machine)),
      unit_(scope_of_machine(machine_)),
      handlers_(std::move(handlers)) {}

// What is started after the first time begins in the scope, below vmspawn.
void HostScope::admit(std::function<std::vector<pid_t>()> processes) {
    processes_ = std::move(processes);
    if (bus_)
        return;
    Result<Bus> bus = Bus::open(loop_, scope_.user, scope_.may_ask);
    if (!bus)
        return finish(bus.failure());
    bus_.emplace(std::move(*bus));
    listen();
}

void HostScope::listen() {
    bus_->listen(of_manager("JobRemoved"), [this](sd_bus_message* signal) { job_removed(signal); });
    bus_->listen(of_manager("UnitRemoved"), [this](sd_bus_message* signal) { unit_removed(signal); });
    // It is sent to the controller of the scope alone.
    bus_->listen({systemd, nullptr, "org.freedesktop.systemd1.Scope", "RequestStop"}, [this](sd_bus_message*) { handlers_.stop_asked(); });
    bus_->call(of_manager("Subscribe"), "listen to systemd", nullptr, [this](const Result<sd_bus_message*>& answer) {
        if (!answer)
            return finish(answer.failure());
        make();
    });
}

void HostScope::make() {
    bus_->call(
        of_manager("StartTransientUnit"), fmt::format("make {}", unit_), [this](sd_bus_message* call) { return describe(call); },
        [this](const Result<sd_bus_message*>& answer) { started(answer); });
}

int HostScope::describe(sd_bus_message* call) const {
    std::vector<UnitProperty> properties{
        {"Description", "Virtual machine " + machine_},
        {"Slice", scope_.slice},
        {"Controller", bus_->own_name()},
        {"CollectMode", std::string("inactive-or-failed")},
    };
    properties.insert(properties.end(), scope_.properties.begin(), scope_.properties.end());
    int result = sd_bus_message_append(call, "ss", unit_.c_str(), "fail");
    result = result < 0 ? result : sd_bus_message_open_container(call, 'a', "(sv)");
    result = result < 0 ? result : sd_bus_message_open_container(call, 'r', "sv");
    result = result < 0 ? result : sd_bus_message_append(call, "s", "PIDs");
    result = result < 0 ? result : AppendValue{call}.variant("au", [&] {
        static_assert(sizeof(pid_t) == sizeof(std::uint32_t));
        std::vector<pid_t> all = with_descendants(processes_());
        all.push_back(getpid());
        return sd_bus_message_append_array(call, 'u', all.data(), all.size() * sizeof(pid_t));
    });
    result = result < 0 ? result : sd_bus_message_close_container(call);
    for (const UnitProperty& property : properties)
        result = result < 0 ? result : append_property(call, property);
    result = result < 0 ? result : sd_bus_message_close_container(call);
    return result < 0 ? result : sd_bus_message_append(call, "a(sa(sv))", 0);
}

// The scope of a run that has just ended goes a moment after its last process. A process of ours that has ended since they were listed is
// in no other list.
void HostScope::started(const Result<sd_bus_message*>& answer) {
    if (!answer && answer.failure().error == ESRCH && !std::exchange(listed_again_, true))
        return make();
    if (!answer && answer.failure().error == EEXIST && !patience_over_) {
        patience_over_ = loop_.on_timer(patience, [this, failure = answer.failure()] { refuse(failure); });
        return;
    }
    if (!answer)
        return refuse(answer.failure());
    const char* job = nullptr;
    sd_bus_message_read(*answer, "o", &job);
    job_ = job != nullptr ? job : "";
}

void HostScope::unit_removed(sd_bus_message* signal) {
    const char* unit = nullptr;
    if (patience_over_ && sd_bus_message_read(signal, "s", &unit) >= 0 && unit == unit_)
        make();
}

void HostScope::job_removed(sd_bus_message* signal) {
    std::uint32_t id = 0;
    const char *job = nullptr, *unit = nullptr, *result = nullptr;
    if (sd_bus_message_read(signal, "uoss", &id, &job, &unit, &result) < 0 || job_.empty() || job != job_)
        return;
    job_.clear();
    if (result == std::string_view("done"))
        finish({});
    else
        finish(Failure{EIO, fmt::format("make {}", unit_), fmt::format("systemd says: {}", result)});
}

void HostScope::refuse(Failure failure) {
    patience_over_ = EventSource();
    if (failure.error != EEXIST)
        return finish(std::move(failure));
    ask_who_has_unit(*bus_, unit_, [this, doing = std::move(failure.doing)](const std::string& who) {
        finish(Failure{EBUSY, doing, who});
    });
}

void HostScope::finish(Result<void> result) {
    patience_over_ = EventSource();
    outcome_ = std::move(result);
    if (const auto made = std::exchange(handlers_.made, nullptr))
        made(*outcome_);
}

void HostScope::hand_to(Handlers handlers) {
    handlers_ = std::move(handlers);
    processes_ = [] { return std::vector<pid_t>(); };  // those of the first start are gone
    if (outcome_)
        finish(*outcome_);
}

}  // namespace vmspawn
