// The machine as the host's systemd sees it: a scope of its own, and an entry with systemd-machined.
#include "plan/contributors.hpp"
#include "plan/services.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace vmspawn {

namespace {

/// Why there is nobody to ask for a scope; empty: there is.
std::string manager_problem(const Planning& p, const Services& services) {
    if (!is_there(p.host, services.manager))
        return services.user ? "this user has no service manager that runs" : "systemd does not run this host";
    if (!is_there(p.host, services.bus))
        return fmt::format("there is no {} bus ({})", services.user ? "user" : "system", service_path(p.host, services.bus));
    return {};
}

std::string machined_problem(const Planning& p, const Services& services) {
    if (is_there(p.host, services.machined) || is_there(p.host, services.machined_socket))
        return {};
    return services.user ? "users have no systemd-machined of their own here (systemd 258 is the first with one)"
                         : "systemd-machined is not installed";
}

void refuse(Planning& p, const std::string& key, const std::string& why, const std::string& hint) {
    p.found.add(error(fmt::format("{}: {}", key, why), p.origin(key)).with_hint(hint).with_error(EOPNOTSUPP));
}

Word machine_name(const Planning& p) {
    if (p.name_is_drawn())
        return Word() += Late{"runtime-dir", Late::What::name};
    return p.machine.name;
}

/// What only a scope can give; empty: nothing of that was asked for.
std::string setting_of_scope(const Planning& p) {
    return p.machine.said("unit.slice") ? "unit.slice" : p.machine.unit.properties.empty() ? "" : "unit.properties";
}

std::string slice_name(const std::string& name) {
    return name.ends_with(".slice") ? name : name + ".slice";
}

/// Root is asked for nothing, and a user's own manager asks for nothing.
bool may_ask(const Planning& p, const Services& services) {
    return !services.user && p.host.uid != 0 && p.host.console == "terminal";
}

std::vector<std::string> reasons_to_ask(const Planning& p, const Services& services) {
    if (!may_ask(p, services))
        return {};
    return {fmt::format("polkit may ask for a password at this terminal because the system's services are asked by uid {}", p.host.uid)};
}

void add_scope(Planning& p, const Services& services) {
    const Unit& unit = p.machine.unit;
    const std::string setting = setting_of_scope(p);
    const bool needed = !setting.empty() || unit.registered == Want::yes;
    std::vector<std::string> reasons = reasons_to_ask(p, services);
    reasons.insert(reasons.begin(),
                   fmt::format("the {}'s service manager because unit.scope = {}", services.user ? "user" : "system",
                               unit.scope == Scope::by_uid ? fmt::format("auto and uid = {}", p.host.uid) : to_word(unit.scope)));
    p.add({.id = "scope",
           .needs = {"runtime-dir"},
           .up = MakeScope{.user = services.user,
                           .machine = machine_name(p),
                           .slice = slice_name(unit.slice),
                           .properties = unit.properties,
                           .may_ask = may_ask(p, services)},
           .ready = Readiness::answered,
           .on_failure = needed ? OnFailure::stop : OnFailure::warn,  // machined would take the unit that we are in for the machine's
           .because = p.origin(setting.empty() ? "unit.keep" : setting),
           .because_key = setting.empty() ? "unit.keep" : setting,
           .reasons = std::move(reasons),
           .without = needed                        ? ""
                      : unit.registered == Want::no ? "the machine stays in the unit that vmspawn was started in"
                                                    : "the machine stays in the unit that vmspawn was started in, and is not registered"});
}

Word runtime_path(const Planning& p, const std::string& name) {
    Word path(fmt::format("{}/systemd/vmspawn/", p.host.runtime_base));
    const Word machine = machine_name(p);
    path.parts.insert(path.parts.end(), machine.parts.begin(), machine.parts.end());
    return path += "/" + name;
}

/// What ssh needs to find the guest: its address, and the key that it accepts.
void add_ssh(const Planning& p, RegisterMachine& entry) {
    if (!p.link)
        return;
    if (p.link->backend == VsockBackend::kernel) {
        entry.cid = Late{p.link->device, Late::What::cid};
        entry.ssh_address = Word("vsock/") += *entry.cid;
    } else {
        Word address("vsock-mux");
        const Word path = runtime_path(p, "vsock");
        address.parts.insert(address.parts.end(), path.parts.begin(), path.parts.end());
        entry.ssh_address = address;
    }
    if (p.plan.find("ssh-key") != nullptr)
        entry.ssh_key = runtime_path(p, p.machine.ssh.key_type);
}

std::string id_of(const Machine& machine) {
    std::string digits;
    for (const std::uint8_t byte : machine.uuid.value_or(std::array<std::uint8_t, 16>{}))
        digits += fmt::format("{:02x}", byte);
    return machine.uuid ? digits : "";
}

void add_registration(Planning& p, const Services& services) {
    const std::string key = "unit.register";
    RegisterMachine entry{.user = services.user,
                          .socket = service_path(p.host, services.machined_socket),
                          .machine = machine_name(p),
                          .id = id_of(p.machine),
                          .directory = p.machine.image.directory ? p.machine.image.directory->string() : ""};
    entry.may_ask = may_ask(p, services);
    add_ssh(p, entry);
    entry.control = runtime_path(p, "control");
    std::vector<std::string> reasons{
        "the leader is QEMU where machined takes a control socket (systemd 261), else vmspawn, because machinectl then sends it "
        "signals, which would kill a QEMU"};
    if (const std::string& socket = services_of(false).machined_socket; services.user && is_there(p.host, socket)) {
        entry.also = socket;
        reasons.emplace_back(
            "the system's systemd-machined is told as well, where polkit lets it without a question, so that machinectl "
            "without --user shows the machine");
    }
    std::vector<ResourceId> needs{"runtime-dir", "control"};
    if (p.plan.find("scope") != nullptr)
        needs.emplace_back("scope");  // machined looks up the unit of the leader
    if (entry.cid)
        needs.push_back(entry.cid->resource);
    const bool may_fail = p.machine.unit.registered != Want::yes && services.user;
    p.add({.id = "registration",
           .needs = std::move(needs),
           .up = std::move(entry),
           .ready = Readiness::answered,
           .on_failure = may_fail ? OnFailure::go_on : OnFailure::stop,
           .because = p.origin(key),
           .because_key = key,
           .reasons = std::move(reasons),
           .without = may_fail ? "machinectl does not know this machine" : ""});
}

void add_sleep(Planning& p) {
    const Services& services = services_of(false);
    if (!is_there(p.host, services.bus) || !is_there(p.host, services.logind))
        return;
    p.add({.id = "sleep",
           .needs = p.name_is_drawn() ? std::vector<ResourceId>{"runtime-dir"} : std::vector<ResourceId>{},
           .up = MindSleep{.machine = machine_name(p)},
           .on_failure = OnFailure::warn,
           .without = "the guest runs on until this host sleeps"});
}

}  // namespace

void plan_unit(Planning& p) {
    add_sleep(p);
    const Unit& unit = p.machine.unit;
    const Services& services = services_of(unit.scope == Scope::by_uid ? p.host.uid != 0 : unit.scope == Scope::user);
    const std::string problem = manager_problem(p, services);
    if (problem.empty() && !unit.keep)
        add_scope(p, services);
    else if (const std::string setting = setting_of_scope(p); !problem.empty() && !setting.empty())
        refuse(p, setting, "there can be no scope: " + problem, "leave it out");
    else if (!problem.empty() && !unit.keep)
        p.reason("no scope because " + problem);
    if (unit.registered == Want::no)
        return;
    const std::string why = problem.empty() ? machined_problem(p, services) : problem;
    if (why.empty())
        add_registration(p, services);
    else if (unit.registered == Want::yes)
        refuse(p, "unit.register", "the machine cannot be registered: " + why,
               problem.empty() && !services.user ? "apt install systemd-container" : "unit.register = \"auto\" goes on without");
    else
        p.reason("not registered, although unit.register = auto, because " + why);
}

}  // namespace vmspawn
