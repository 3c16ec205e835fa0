// A scope and an entry with machined, where the host has somebody to ask for them.
#include "plan/password.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* machined = "/usr/share/dbus-1/system-services/org.freedesktop.machine1.service";

/// systemd runs it, with its bus and machined.
Host systemd_host() {
    Host host = plain_host();
    host.files["/run/systemd/system"].type = FileAnswer::Type::directory;
    host.files["/run/dbus/system_bus_socket"].type = FileAnswer::Type::socket;
    host.files[machined].type = FileAnswer::Type::regular;
    return host;
}

Host user_host() {
    Host host = systemd_host();
    host.uid = 1000;
    host.runtime_base = "/run/user/1000";
    host.files["/run/user/1000/systemd/private"].type = FileAnswer::Type::socket;
    host.files["/run/user/1000/bus"].type = FileAnswer::Type::socket;
    return host;
}

Machine registered(Want want) {
    Machine machine = direct_machine();
    machine.unit.registered = want;
    machine.origins["unit.register"] = said_here();
    return machine;
}

TEST(UnitPlan, AScopeAndAnEntryByDefault) {
    const Planned made = planned(direct_machine(), systemd_host());
    EXPECT_THAT(made.summaries(), IsEmpty());
    const auto& scope = std::get<MakeScope>(made.at("scope").up);
    EXPECT_FALSE(scope.user);
    EXPECT_EQ(to_string(scope.machine), "test");
    EXPECT_EQ(scope.slice, "machine.slice");
    EXPECT_EQ(made.at("scope").on_failure, OnFailure::warn) << "without it there is no registration: machined would take our caller's unit";
    EXPECT_THAT(made.at("scope").without, HasSubstr("is not registered"));
    EXPECT_THAT(made.at("registration").needs, ElementsAre("runtime-dir", "control", "scope"));
    EXPECT_EQ(std::get<RegisterMachine>(made.at("registration").up).socket, "/run/systemd/machine/io.systemd.Machine");
    EXPECT_EQ(made.at("registration").ready, Readiness::answered);
    EXPECT_EQ(made.at("registration").on_failure, OnFailure::stop) << "as root auto must succeed";
    EXPECT_THAT(made.at("qemu").needs, ElementsAre("runtime-dir", "qmp", "console", "kernel")) << "QEMU waits for neither";
}

TEST(UnitPlan, WhoStaysInTheirUnitIsRegisteredThere) {
    Machine machine = direct_machine();
    machine.unit.keep = true;
    const Planned made = planned(machine, systemd_host());
    EXPECT_EQ(made.plan.find("scope"), nullptr);
    EXPECT_THAT(made.at("registration").needs, ElementsAre("runtime-dir", "control"));
}

TEST(UnitPlan, WithoutSystemdAllElseWorks) {
    const Planned made = planned(direct_machine());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(made.plan.find("scope"), nullptr);
    EXPECT_EQ(made.plan.find("registration"), nullptr);
    EXPECT_THAT(made.reasons(), Contains("no scope because systemd does not run this host"));
    EXPECT_THAT(made.reasons(), Contains("not registered, although unit.register = auto, because systemd does not run this host"));
}

TEST(UnitPlan, WhatIsAskedForAndCannotBeIsAnError) {
    Machine machine = registered(Want::yes);
    machine.unit.properties = {{"TasksMax", std::uint64_t{5}}};
    Host host = systemd_host();
    host.files.erase("/run/dbus/system_bus_socket");
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(),
                ElementsAre("unit.properties: there can be no scope: there is no system bus (/run/dbus/system_bus_socket)",
                            "unit.register: the machine cannot be registered: there is no system bus (/run/dbus/system_bus_socket)"));
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
}

TEST(UnitPlan, WithoutMachinedThereIsAScopeAlone) {
    Host host = systemd_host();
    host.files.erase(machined);
    const Planned made = planned(registered(Want::if_possible), host);
    EXPECT_NE(made.plan.find("scope"), nullptr);
    EXPECT_EQ(made.plan.find("registration"), nullptr);
    EXPECT_THAT(made.reasons(), Contains("not registered, although unit.register = auto, because systemd-machined is not installed"));
    EXPECT_THAT(planned(registered(Want::yes), host).summaries(),
                ElementsAre("unit.register: the machine cannot be registered: systemd-machined is not installed"));
}

TEST(UnitPlan, NoMeansNobodyIsAsked) {
    const Planned made = planned(registered(Want::no), systemd_host());
    EXPECT_EQ(made.plan.find("registration"), nullptr);
    Machine machine = registered(Want::no);
    machine.unit.keep = true;
    const Planned quiet = planned(machine);
    for (const std::string& reason : quiet.reasons())
        EXPECT_THAT(reason, testing::Not(HasSubstr("systemd")));
}

TEST(UnitPlan, AUserHasTheirOwnManager) {
    const Planned made = planned(direct_machine(), user_host());
    EXPECT_TRUE(std::get<MakeScope>(made.at("scope").up).user);
    EXPECT_EQ(made.plan.find("registration"), nullptr);
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("systemd 258 is the first")));
    Host newer = user_host();
    newer.files["/usr/share/dbus-1/services/org.freedesktop.machine1.service"].type = FileAnswer::Type::regular;
    const Planned registered = planned(direct_machine(), newer);
    const Resource& entry = registered.at("registration");
    EXPECT_EQ(std::get<RegisterMachine>(entry.up).socket, "/run/user/1000/systemd/machine/io.systemd.Machine");
    EXPECT_EQ(entry.on_failure, OnFailure::go_on) << "as a user auto may fail";
    EXPECT_EQ(std::get<RegisterMachine>(entry.up).also, "") << "the system's does not listen";
    newer.files["/run/systemd/machine/io.systemd.Machine"].type = FileAnswer::Type::socket;
    const auto both = std::get<RegisterMachine>(planned(direct_machine(), newer).at("registration").up);
    EXPECT_EQ(both.also, "/run/systemd/machine/io.systemd.Machine");
    EXPECT_FALSE(both.may_ask);
    Host root = systemd_host();
    root.files["/run/systemd/machine/io.systemd.Machine"].type = FileAnswer::Type::socket;
    EXPECT_EQ(std::get<RegisterMachine>(planned(direct_machine(), root).at("registration").up).also, "");
}

TEST(UnitPlan, TheScopeOfUnitSettingsMustCome) {
    Machine machine = registered(Want::if_possible);
    machine.unit.slice = "tests";
    machine.origins["unit.slice"] = said_here();
    const Planned made = planned(machine, systemd_host());
    EXPECT_EQ(std::get<MakeScope>(made.at("scope").up).slice, "tests.slice");
    EXPECT_EQ(made.at("scope").on_failure, OnFailure::stop);
    EXPECT_EQ(made.at("scope").because_key, "unit.slice");
}

TEST(UnitPlan, UnitScopeChoosesTheManager) {
    Machine machine = direct_machine();
    machine.unit.scope = Scope::user;
    EXPECT_THAT(planned(machine, systemd_host()).reasons(), Contains("no scope because this user has no service manager that runs"));
    machine.unit.scope = Scope::system;
    EXPECT_FALSE(std::get<MakeScope>(planned(machine, user_host()).at("scope").up).user);
}

TEST(UnitPlan, PolkitMayAskAUserWhoMeansTheSystem) {
    const auto may_ask = [](const Machine& machine, const Host& host) {
        const Planned made = planned(machine, host);
        const bool scope = std::get<MakeScope>(made.at("scope").up).may_ask;
        EXPECT_EQ(std::get<RegisterMachine>(made.at("registration").up).may_ask, scope);
        EXPECT_EQ(made.at("scope").reasons.size(), scope ? 2U : 1U);
        EXPECT_EQ(vmspawn::may_ask(made.plan), scope);
        EXPECT_FALSE(vmspawn::may_ask(without_questions(made.plan)));
        return scope;
    };
    Machine machine = registered(Want::yes);
    machine.unit.scope = Scope::system;
    Host host = user_host();
    EXPECT_TRUE(may_ask(machine, host));
    host.console = "pipe";
    EXPECT_FALSE(may_ask(machine, host)) << "nobody is at a terminal";
    EXPECT_FALSE(may_ask(machine, systemd_host())) << "root needs not be asked";
}

TEST(UnitPlan, SshFindsTheGuestByItsAddressAndKey) {
    Host host = systemd_host();
    host.qemu["x86_64"].features.insert("device/vhost-vsock-pci");
    host.programs["ssh-keygen"] = "/usr/bin/ssh-keygen";
    FileAnswer& device = host.files["/dev/vhost-vsock"];
    device.type = FileAnswer::Type::character;
    device.readable = device.writable = true;
    const Planned made = planned(direct_machine(), host);
    const auto& entry = std::get<RegisterMachine>(made.at("registration").up);
    EXPECT_EQ(to_string(entry.ssh_address), "vsock/<vsock:cid>");
    EXPECT_EQ(to_string(entry.ssh_key), "/run/systemd/vmspawn/test/ed25519");
    EXPECT_EQ(to_string(entry.control), "/run/systemd/vmspawn/test/control");
    EXPECT_THAT(made.at("registration").needs, ElementsAre("runtime-dir", "control", "scope", "vsock"));
}

TEST(UnitPlan, AUserSpaceDeviceIsReachedByItsSocket) {
    Machine machine = direct_machine();
    machine.image.ephemeral = true;  // the name is drawn
    machine.uuid = std::array<std::uint8_t, 16>{0xab, 1};
    Host host = systemd_host();
    host.qemu["x86_64"].features.insert("device/vhost-user-vsock-pci");
    host.programs["vhost-device-vsock"] = "/usr/bin/vhost-device-vsock";
    const Planned made = planned(machine, host);
    const auto& entry = std::get<RegisterMachine>(made.at("registration").up);
    EXPECT_EQ(to_string(entry.machine), "<runtime-dir:name>");
    EXPECT_EQ(to_string(entry.ssh_address), "vsock-mux/run/systemd/vmspawn/<runtime-dir:name>/vsock");
    EXPECT_TRUE(entry.ssh_key.parts.empty()) << "no ssh-keygen, no key";
    EXPECT_EQ(entry.id, "ab010000000000000000000000000000");
    EXPECT_FALSE(entry.cid);
}

}  // namespace
}  // namespace vmspawn
