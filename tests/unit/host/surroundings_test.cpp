#include "host/surroundings.hpp"

#include "host/seed.hpp"
#include "temporary.hpp"

#include <gtest/gtest.h>

#include <sys/utsname.h>
#include <unistd.h>

namespace vmspawn {
namespace {

TEST(RuntimeBase, RootUsesRun) {
    EXPECT_EQ(runtime_base(0, {{"XDG_RUNTIME_DIR", "/run/user/0"}}), "/run");
}

TEST(RuntimeBase, UserHasTheirOwn) {
    EXPECT_EQ(runtime_base(1000, {{"XDG_RUNTIME_DIR", "/run/user/1000/"}}), "/run/user/1000");
}

TEST(RuntimeBase, ElseADirectoryBelowTheTemporaryOne) {
    EXPECT_EQ(runtime_base(1000, {}), "/tmp/vmspawn-1000");
    EXPECT_EQ(runtime_base(1000, {{"XDG_RUNTIME_DIR", "relative"}}), "/tmp/vmspawn-1000");
    EXPECT_EQ(runtime_base(1000, {{"RUNTIME_DIRECTORY", "/run/web:/run/other"}, {"TMP", "/c"}}), "/run/web");
    EXPECT_EQ(runtime_base(1000, {{"RUNTIME_DIRECTORY", "/run/web"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}}), "/run/user/1000");
    EXPECT_EQ(runtime_base(1000, {{"TMPDIR", "/a"}, {"TEMP", "/b"}, {"TMP", "/c"}}), "/a/vmspawn-1000");
    EXPECT_EQ(runtime_base(1000, {{"TEMP", "/b"}, {"TMP", "/c"}}), "/b/vmspawn-1000");
    EXPECT_EQ(runtime_base(1000, {{"TMPDIR", "/"}}), "/vmspawn-1000");
}

TEST(StateBase, RootUsesVar) {
    EXPECT_EQ(state_base(0, {{"XDG_STATE_HOME", "/home/u/state"}, {"HOME", "/root"}}), "/var/lib/vmspawn");
}

TEST(StateBase, UserHasTheirOwnOrNone) {
    EXPECT_EQ(state_base(1000, {{"XDG_STATE_HOME", "/state/"}, {"HOME", "/home/u"}}), "/state/vmspawn");
    EXPECT_EQ(state_base(1000, {{"XDG_STATE_HOME", "relative"}, {"HOME", "/home/u"}}), "/home/u/.local/state/vmspawn");
    EXPECT_EQ(state_base(1000, {}), "");
}

TEST(StatePath, AbsoluteOrBelowTheBase) {
    Host host{.state_base = "/var/lib/vmspawn"};
    EXPECT_EQ(state_path(host, "/srv/a"), "/srv/a");
    EXPECT_EQ(state_path(host, "m/efinvramstate"), "/var/lib/vmspawn/m/efinvramstate");
    host.state_base.clear();
    EXPECT_EQ(state_path(host, "m/efinvramstate"), "");
}

TEST(Seed, DependsOnTheIdentityAndHidesIt) {
    const std::string id = "0123456789abcdef0123456789abcdef";
    EXPECT_EQ(seed_of(id), seed_of(id));
    EXPECT_EQ(seed_of(id).size(), 32U);
    EXPECT_NE(seed_of(id), seed_of("0123456789abcdef0123456789abcdee"));
    EXPECT_EQ(seed_of(id).find(id.substr(0, 8)), std::string::npos);
    EXPECT_NE(seed_of(id).substr(0, 16), seed_of(id).substr(16));
    EXPECT_NE(seed_of(""), seed_of(std::string(1, '\0')));
}

TEST(Seed, StaysTheSameInEveryVersion) {
    EXPECT_EQ(seed_of("0123456789abcdef0123456789abcdef"), "4f6e6998b2135954c2e9780580bd831b");
}

// By an implementation of its own of the rule that reference C.7 gives.
TEST(Seed, TheAddressOfATapIsSystemdVmspawns) {
    constexpr const char* one = "0123456789abcdef0123456789abcdef";
    EXPECT_EQ(print_mac(tap_mac(one, "web")), "42:b4:8f:15:81:58");
    EXPECT_EQ(print_mac(tap_mac(one, "fedora-40")), "be:da:4c:7a:f2:91");
    EXPECT_EQ(print_mac(tap_mac("fedcba98765432100123456789abcdef", "web")), "fe:02:69:99:07:2e");
}

TEST(Surroundings, KnowsThisProcess) {
    const Variable term("TERM", "vt100");
    const Variable extra("SYSTEMD_VMSPAWN_QEMU_EXTRA", "-foo bar");
    const Variable credentials("CREDENTIALS_DIRECTORY", std::nullopt);
    const Variable other("EDITOR", "ed");
    const Host host = look_around();
    utsname kernel{};
    uname(&kernel);
    EXPECT_EQ(host.arch, kernel.machine);
    EXPECT_EQ(host.uid, geteuid());
    EXPECT_GE(host.cpus, 1U);
    EXPECT_GT(host.ram, 1U << 20U);
    EXPECT_EQ(host.seed, host_seed());
    EXPECT_TRUE(host.networkd.has_value());
    EXPECT_EQ(host.environment.at("TERM"), "vt100");
    EXPECT_EQ(host.environment.at("SYSTEMD_VMSPAWN_QEMU_EXTRA"), "-foo bar");
    EXPECT_FALSE(host.environment.contains("CREDENTIALS_DIRECTORY"));
    EXPECT_FALSE(host.environment.contains("EDITOR"));
}

TEST(Surroundings, ConsoleIsATerminalOnlyWithBothEnds) {
    const bool both = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
    EXPECT_EQ(look_around().console, both ? "terminal" : "pipe");
}

}  // namespace
}  // namespace vmspawn
