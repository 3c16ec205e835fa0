#include "run/taken_name.hpp"

#include "base/text.hpp"
#include "run/holder.hpp"

#include <fmt/format.h>
#include <systemd/sd-bus.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace vmspawn {

namespace {

constexpr const char* machined_bus = "org.freedesktop.machine1";
constexpr const char* machine_interface = "org.freedesktop.machine1.Machine";

struct MachineHolder {
    std::string service;
    std::uint32_t leader = 0;
};

/// Of the properties of a machine, a{sv}.
MachineHolder read_holder(sd_bus_message* properties) {
    MachineHolder holder;
    sd_bus_message_enter_container(properties, 'a', "{sv}");
    while (sd_bus_message_enter_container(properties, 'e', "sv") > 0) {
        const char *name = "", *text = "";
        sd_bus_message_read(properties, "s", &name);
        if (name == std::string_view("Leader"))
            sd_bus_message_read(properties, "v", "u", &holder.leader);
        else if (name == std::string_view("Service") && sd_bus_message_read(properties, "v", "s", &text) >= 0)
            holder.service = printable(text);
        else
            sd_bus_message_skip(properties, "v");
        sd_bus_message_exit_container(properties);
    }
    return holder;
}

std::string to_string(const std::string& machine, const MachineHolder& holder) {
    std::string who = machine_is_there(machine);
    if (!holder.service.empty())
        who += ", of " + holder.service;
    if (holder.leader != 0)
        who += ", with the leader " + process_text(static_cast<pid_t>(holder.leader));
    return who;
}

}  // namespace

std::string machine_is_there(const std::string& machine) {
    return fmt::format("systemd-machined has a machine {} already", printable(machine));
}

void ask_who_has_unit(Bus& bus, const std::string& unit, TellHolder told) {
    bus.call(
        {"org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "GetUnitProcesses"}, "",
        [unit](sd_bus_message* call) { return sd_bus_message_append(call, "s", unit.c_str()); },
        [unit, told = std::move(told)](const Result<sd_bus_message*>& answer) {
            const char *group = nullptr, *command = nullptr;
            std::uint32_t pid = 0;
            std::string who = fmt::format("there is a {} already", printable(unit));
            if (answer && sd_bus_message_enter_container(*answer, 'a', "(sus)") > 0 &&
                sd_bus_message_read(*answer, "(sus)", &group, &pid, &command) > 0)
                who += ", in use by " + process_text(static_cast<pid_t>(pid));
            told(who);
        });
}

void ask_who_has_machine(Bus& bus, const std::string& machine, TellHolder told) {
    const auto describe = [&bus, machine, told = std::move(told)](const Result<sd_bus_message*>& answer) {
        const char* path = nullptr;
        if (!answer || sd_bus_message_read(*answer, "o", &path) < 0)
            return told(machine_is_there(machine));
        bus.call(
            {machined_bus, path, "org.freedesktop.DBus.Properties", "GetAll"}, "",
            [](sd_bus_message* call) { return sd_bus_message_append(call, "s", machine_interface); },
            [machine, told](const Result<sd_bus_message*>& properties) {
                told(to_string(machine, properties ? read_holder(*properties) : MachineHolder()));
            });
    };
    bus.call(
        {machined_bus, "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager", "GetMachine"}, "",
        [machine](sd_bus_message* call) { return sd_bus_message_append(call, "s", machine.c_str()); }, describe);
}

}  // namespace vmspawn
