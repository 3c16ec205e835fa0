#include "broken.hpp"

namespace vmspawn {
namespace {

TEST(DeviceRules, TpmStateNeedsTpm) {
    Machine m = disk_machine();
    m.tpm.enabled = Want::no;
    expect_kept("tpm-state-needs-tpm", m);
    say(m, "tpm.state");
    expect_broken("tpm-state-needs-tpm", m, {"tpm.state"});
    m.tpm.state.kind = StateKind::off;
    expect_kept("tpm-state-needs-tpm", m);
    m.tpm.state = {StateKind::at, "/srv/tpm"};
    m.tpm.enabled = Want::if_possible;
    expect_kept("tpm-state-needs-tpm", m);
}

TEST(DeviceRules, TpmNeedsArch) {
    Machine m = disk_machine();
    m.tpm.enabled = Want::yes;
    say(m, "tpm.enabled");
    m.arch = Arch::aarch64;
    expect_kept("tpm-needs-arch", m);
    m.arch = Arch::riscv64;
    expect_broken("tpm-needs-arch", m, {"tpm.enabled"});
    m.tpm.enabled = Want::if_possible;
    expect_kept("tpm-needs-arch", m);
}

TEST(DeviceRules, VsockSettingsNeedVsock) {
    Machine m = disk_machine();
    m.vsock.cid = 42;
    m.vsock.backend = VsockBackend::user;
    say(m, "vsock.cid");
    say(m, "vsock.backend");
    expect_kept("vsock-settings-need-vsock", m);
    m.vsock.enabled = Want::no;
    expect_broken("vsock-settings-need-vsock", m, {"vsock.cid", "vsock.backend"});
}

TEST(DeviceRules, ForwardNeedsUserNetwork) {
    Machine m = disk_machine();
    m.networks.push_back({.name = "lan", .kind = NetworkKind::user, .forwards = {{"127.0.0.1", 2222, 22, false}}});
    say(m, "network.lan.forward");
    expect_kept("forward-needs-user-network", m);
    m.networks[0].kind = NetworkKind::tap;
    expect_broken("forward-needs-user-network", m, {"network.lan.forward"});
    m.networks[0].forwards.clear();
    expect_kept("forward-needs-user-network", m);
}

TEST(DeviceRules, BackendNeedsUserNetwork) {
    Machine m = disk_machine();
    m.networks.push_back({.name = "lan", .backend = NetworkBackend::passt});
    say(m, "network.lan.backend");
    expect_kept("backend-needs-user-network", m);
    m.networks[0].kind = NetworkKind::tap;
    expect_broken("backend-needs-user-network", m, {"network.lan.backend"});
    m.networks[0].backend = NetworkBackend::automatic;
    expect_kept("backend-needs-user-network", m);
}

/// Do these two, on two networks, break the rule?
bool collide(const Forward& a, const Forward& b) {
    Machine m = disk_machine();
    m.networks.push_back({.name = "a", .forwards = {a}});
    m.networks.push_back({.name = "b", .forwards = {b}});
    say(m, "network.a.forward[0]");
    say(m, "network.b.forward[0]");
    const Verdict found = verdict("one-host-port-each", m);
    if (!found.places.empty()) {
        EXPECT_EQ(found.places, std::vector<std::string>{"network.b.forward[0]"});
        EXPECT_EQ(found.notes, std::vector<std::string>{"network.a.forward[0]"});
    }
    return !found.places.empty();
}

TEST(DeviceRules, OneHostPortEach) {
    EXPECT_TRUE(collide({"127.0.0.1", 80, 80, false}, {"127.0.0.1", 80, 81, false}));
    EXPECT_TRUE(collide({"0.0.0.0", 80, 80, false}, {"127.0.0.1", 80, 80, false}));
    EXPECT_FALSE(collide({"127.0.0.1", 80, 80, false}, {"127.0.0.2", 80, 80, false}));
    EXPECT_FALSE(collide({"127.0.0.1", 80, 80, false}, {"127.0.0.1", 81, 80, false}));
    EXPECT_FALSE(collide({"127.0.0.1", 80, 80, false}, {"127.0.0.1", 80, 80, true}));
    EXPECT_FALSE(collide({"127.0.0.1", 0, 80, false}, {"127.0.0.1", 0, 80, false}));
    EXPECT_FALSE(collide({"0.0.0.0", 80, 80, false}, {"::1", 80, 80, false}));
    EXPECT_TRUE(collide({"::", 80, 80, false}, {"::1", 80, 80, false}));
    EXPECT_TRUE(collide({"127.0.0.1", 80, 80, false, 10}, {"127.0.0.1", 89, 80, false}));
    EXPECT_TRUE(collide({"127.0.0.1", 89, 80, false}, {"127.0.0.1", 80, 80, false, 10}));
    EXPECT_FALSE(collide({"127.0.0.1", 80, 80, false, 10}, {"127.0.0.1", 90, 80, false, 10}));
}

TEST(DeviceRules, OneMacEach) {
    Machine m = disk_machine();
    m.networks.push_back({.name = "a", .mac = {{0x52, 0x54, 0, 0, 0, 1}}});
    m.networks.push_back({.name = "b", .mac = {{0x52, 0x54, 0, 0, 0, 2}}});
    m.networks.push_back({.name = "c"});
    m.networks.push_back({.name = "d"});
    say(m, "network.b.mac");
    expect_kept("one-mac-each", m);
    m.networks[1].mac = m.networks[0].mac;
    expect_broken("one-mac-each", m, {"network.b.mac"});
}

TEST(DeviceRules, MountTargetAbsolute) {
    Machine m = disk_machine();
    m.mounts.push_back({.name = "src", .source = "/srv", .target = "/work"});
    say(m, "mount.src.target");
    expect_kept("mount-target-absolute", m);
    for (const char* target : {"work", "", "/", "/a/..", "//"}) {
        m.mounts[0].target = target;
        EXPECT_EQ(verdict("mount-target-absolute", m).places, std::vector<std::string>{"mount.src.target"}) << target;
    }
}

TEST(DeviceRules, OneMountEachTarget) {
    Machine m = disk_machine();
    m.mounts.push_back({.name = "a", .source = "/srv", .target = "/work"});
    m.mounts.push_back({.name = "b", .source = "/srv", .target = "/work/sub"});
    say(m, "mount.b.target");
    expect_kept("one-mount-each-target", m);
    for (const char* target : {"/work", "/work/", "/work/./", "/x/../work"}) {
        m.mounts[1].target = target;
        EXPECT_EQ(verdict("one-mount-each-target", m).places, std::vector<std::string>{"mount.b.target"}) << target;
    }
    m.mounts[1].target = "/run/vmhost/home/ann/";
    m.users.bind = {"bob"};
    expect_kept("one-mount-each-target", m);
    m.users.bind = {"bob", "ann"};
    say(m, "users.bind[1]");
    expect_broken("one-mount-each-target", m, {"mount.b.target"});
    EXPECT_EQ(verdict("one-mount-each-target", m).notes, std::vector<std::string>{"users.bind[1]"});
}

TEST(DeviceRules, TransportNeedsConsole) {
    Machine m = disk_machine();
    m.console.mode = ConsoleMode::headless;
    expect_kept("transport-needs-console", m);
    say(m, "console.transport");
    expect_broken("transport-needs-console", m, {"console.transport"});
    m.console.mode = ConsoleMode::gui;
    expect_broken("transport-needs-console", m, {"console.transport"});
    m.console.mode = ConsoleMode::native;
    expect_kept("transport-needs-console", m);
}

TEST(DeviceRules, BackgroundNeedsTerminal) {
    Machine m = disk_machine();
    m.console.background = "44";
    say(m, "console.background");
    expect_kept("background-needs-terminal", m);
    m.console.mode = ConsoleMode::read_only;
    expect_kept("background-needs-terminal", m);
    for (const ConsoleMode mode : {ConsoleMode::native, ConsoleMode::gui, ConsoleMode::headless}) {
        m.console.mode = mode;
        m.console.background = "44";
        expect_broken("background-needs-terminal", m, {"console.background"});
        m.console.background = "";
        expect_kept("background-needs-terminal", m);
    }
}

}  // namespace
}  // namespace vmspawn
