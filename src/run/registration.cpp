#include "run/registration.hpp"

#include "run/taken_name.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <charconv>
#include <unistd.h>
#include <utility>
#include <vector>

namespace vmspawn {

namespace {

constexpr const char* machined = "org.freedesktop.machine1";
/// What machined is told that we are: its clients know this name, and what such a machine can do.
constexpr const char* creator = "systemd-vmspawn";

BusMethod of_machined(const char* name) {
    return {machined, "/org/freedesktop/machine1", "org.freedesktop.machine1.Manager", name};
}

/// Of `digits`; empty where there is none.
std::vector<std::uint8_t> id_bytes(const std::string& digits) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t at = 0; at + 2 <= digits.size(); at += 2)
        std::from_chars(digits.data() + at, digits.data() + at + 2, bytes.emplace_back(), 16);
    return bytes;
}

int append_entry(sd_bus_message* call, const MachineEntry& entry) {
    const std::vector<std::uint8_t> id = id_bytes(entry.id);
    int result = sd_bus_message_append(call, "s", entry.machine.c_str());
    result = result < 0 ? result : sd_bus_message_append_array(call, 'y', id.data(), id.size());
    return result < 0 ? result
                      : sd_bus_message_append(call, "ssus", creator, "vm", static_cast<std::uint32_t>(getpid()), entry.directory.c_str());
}

}  // namespace

std::string register_parameters(const MachineEntry& entry, int leader) {
    nlohmann::ordered_json parameters{{"name", entry.machine}, {"service", creator}, {"class", "vm"}, {"leader", leader}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty())
            parameters[name] = value;
    };
    add("id", entry.id);
    add("rootDirectory", entry.directory);
    std::uint32_t cid = 0;
    std::from_chars(entry.cid.data(), entry.cid.data() + entry.cid.size(), cid);
    if (cid != 0)
        parameters["vSockCid"] = cid;
    add("sshAddress", entry.ssh_address);
    add("sshPrivateKeyPath", entry.ssh_key);
    add("controlAddress", entry.control);
    if (entry.may_ask)
        parameters["allowInteractiveAuthentication"] = true;
    // Names of files need not be UTF-8, but a call must be; what is not is replaced.
    return parameters.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool knows_no_control(const Failure& answer) {
    return answer.detail == "org.varlink.service.InvalidParameter parameter=controlAddress";
}

Registration::Registration(EventLoop& loop, MachineEntry entry, std::function<void(Result<void>)> made)
    : loop_(loop), entry_(std::move(entry)), made_(std::move(made)) {}

void Registration::begin(int qemu) {
    leader_ = entry_.control.empty() ? getpid() : qemu;
    if (ask_by_varlink())
        return;
    if (entry_.start)
        start_machined();
    else
        finish(Failure{ECONNREFUSED, "register with systemd-machined", "it does not run"});
}

/// False: machined does not run, or knows no varlink.
bool Registration::ask_by_varlink() {
    Result<Fd> socket = connect_by_varlink(entry_.socket);
    if (!socket)
        return false;
    may_be_registered_ = true;
    const std::string call = varlink_call("io.systemd.Machine.Register", register_parameters(entry_, leader_));
    varlink_.emplace(loop_, std::move(*socket), call, "register with systemd-machined",
                     [this](const Result<VarlinkReply>& reply) { answered(reply ? Result<void>() : reply.failure()); });
    return true;
}

void Registration::answered(Result<void> result) {
    if (result || entry_.control.empty() || !knows_no_control(result.failure()))
        return finish(std::move(result));
    entry_.control.clear();
    leader_ = getpid();
    if (!ask_by_varlink())
        finish(Failure{ECONNREFUSED, "register with systemd-machined", "it does not listen any more"});
}

Result<void> Registration::open_bus() {
    if (bus_)
        return {};
    Result<Bus> bus = Bus::open(loop_, entry_.user, entry_.may_ask);
    if (!bus)
        return bus.failure();
    bus_.emplace(std::move(*bus));
    return {};
}

void Registration::start_machined() {
    if (const Result<void> opened = open_bus(); !opened)
        return finish(opened.failure());
    bus_->call(
        {"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName"}, "start systemd-machined",
        [](sd_bus_message* call) { return sd_bus_message_append(call, "su", machined, 0U); },
        [this](const Result<sd_bus_message*>& answer) {
            if (!answer)
                finish(answer.failure());
            else if (!ask_by_varlink())
                ask_by_bus();
        });
}

void Registration::ask_by_bus() {
    may_be_registered_ = true;
    bus_->call(
        of_machined("RegisterMachine"), "register with systemd-machined",
        [this](sd_bus_message* call) { return append_entry(call, entry_); },
        [this](const Result<sd_bus_message*>& answer) { finish(answer ? Result<void>() : Result<void>(answer.failure())); });
}

void Registration::finish(Result<void> result) {
    if (!result)
        may_be_registered_ = false;
    if (!result && result.failure().error == EEXIST)
        return find_holder(result.failure().doing);
    tell(std::move(result));
}

/// The name is another's.
void Registration::find_holder(const std::string& doing) {
    const auto told = [this, doing](const std::string& who) { tell(Failure{EBUSY, doing, who}); };
    if (open_bus())
        ask_who_has_machine(*bus_, entry_.machine, told);
    else
        told(machine_is_there(entry_.machine));
}

void Registration::tell(Result<void> result) {
    if (const auto made = std::exchange(made_, nullptr))
        made(std::move(result));
}

void Registration::take_back() {
    constexpr std::chrono::seconds patience{2};
    if (!std::exchange(may_be_registered_, false) || !open_bus())
        return;
    const auto name = [this](sd_bus_message* call) { return sd_bus_message_append(call, "s", entry_.machine.c_str()); };
    (void)bus_->call_and_wait(of_machined("UnregisterMachine"), "", name, patience);
}

}  // namespace vmspawn
