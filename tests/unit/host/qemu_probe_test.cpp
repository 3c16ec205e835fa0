#include "host/qemu_probe.hpp"

#include "base/fd.hpp"
#include "fake_qemu.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmspawn {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

TEST(QemuProbe, ReadsAQemuThatAnswers) {
    const TemporaryDirectory directory;
    const std::string qemu = fake_qemu(directory, "qemu");
    const ProbedQemu probed = probe_qemu(qemu);
    EXPECT_EQ(probed.facts.problem, "");
    EXPECT_EQ(probed.facts.path, qemu);
    EXPECT_EQ(probed.facts.version, "10.0.3");
    EXPECT_EQ(probed.target, "x86_64");
    EXPECT_THAT(probed.facts.features,
                UnorderedElementsAre("device/nvme", "device/pvpanic", "kvm-accel-device", "machine/q35", "netdev/user", "sandbox"));
}

TEST(QemuProbe, DyingQemuIsQuotedByItsLastWords) {
    const TemporaryDirectory directory;
    const std::string qemu = fake_program(directory, "qemu", "echo first >&2\necho 'qemu: libfoo.so is missing' >&2\nexit 1\n");
    const ProbedQemu probed = probe_qemu(qemu);
    EXPECT_EQ(probed.facts.path, qemu);
    EXPECT_EQ(probed.facts.problem, "it ended without a word of QMP: qemu: libfoo.so is missing");
    EXPECT_EQ(probed.facts.version, "");
}

TEST(QemuProbe, GarbageIsQuoted) {
    const TemporaryDirectory directory;
    const std::string qemu = fake_program(directory, "qemu", "echo 'QEMU monitor - type help'\n");
    EXPECT_EQ(probe_qemu(qemu).facts.problem, "it does not speak QMP but says 'QEMU monitor - type help'");
}

TEST(QemuProbe, SilentQemuAndItsChildrenAreEnded) {
    const TemporaryDirectory directory;
    const std::string qemu = fake_program(directory, "qemu", "sleep 600 &\necho $! > '" + directory / "child" + "'\necho busy >&2\nwait\n");
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(probe_qemu(qemu, 300ms).facts.problem, "it gave no answer within 0.3 seconds: busy");
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    const pid_t child = std::stoi(read_file(directory / "child"));
    const Fd ended(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    pollfd event{.fd = ended.get(), .events = POLLIN, .revents = 0};
    EXPECT_TRUE(!ended || poll(&event, 1, 2000) == 1);  // no descriptor: it is gone already, and reaped by whoever adopted it
}

TEST(QemuProbe, EndlessOutputIsCutOff) {
    const TemporaryDirectory directory;
    EXPECT_EQ(probe_qemu(fake_program(directory, "qemu", "exec yes\n")).facts.problem, "it says more than a QEMU would");
    EXPECT_THAT(probe_qemu(fake_program(directory, "qemu2", "exec yes >&2\n"), 200ms).facts.problem, HasSubstr("no answer"));
}

TEST(QemuProbe, GreetingAloneIsNoAnswer) {
    const TemporaryDirectory directory;
    const std::string greeting = R"(printf '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}}}}\n')";
    EXPECT_EQ(probe_qemu(fake_program(directory, "a", greeting)).facts.problem, "it ended before it had answered");
    EXPECT_THAT(probe_qemu(fake_program(directory, "b", greeting + "\nexec sleep 600\n"), 200ms).facts.problem,
                HasSubstr("no answer within"));
}

TEST(QemuProbe, WhatCannotBeStartedSaysWhy) {
    const TemporaryDirectory directory;
    EXPECT_EQ(probe_qemu(directory / "none").facts.problem, "it cannot be started: No such file or directory");
    EXPECT_THAT(probe_qemu(directory.write("text", "no program", 0755)).facts.problem, HasSubstr("cannot be started: Exec format error"));
}

TEST(QemuProbe, TheChildHasThreeDescriptorsAndAShortEnvironment) {
    const TemporaryDirectory directory;
    const Variable secret("VMSPAWN_TEST_SECRET", "x");
    const std::string listing = directory / "listing";
    const std::string qemu =
        fake_program(directory, "qemu", "env > '" + directory / "env" + "'\nexec ls /proc/self/fd > '" + listing + "'\n");
    const int leak = dup(0);  // not close-on-exec
    (void)probe_qemu(qemu);
    close(leak);
    EXPECT_EQ(read_file(listing), "0\n1\n2\n3\n");  // 3: the directory that ls reads
    EXPECT_EQ(read_file(directory / "env").find("SECRET"), std::string::npos);
}

TEST(QemuProbe, WorksWithStandardDescriptorsClosed) {
    const TemporaryDirectory directory;
    const std::string qemu = fake_qemu(directory, "qemu");
    const int in = dup(0);
    const int out = dup(1);
    close(0);
    close(1);
    const ProbedQemu probed = probe_qemu(qemu);
    dup2(in, 0);
    dup2(out, 1);
    close(in);
    close(out);
    EXPECT_EQ(probed.facts.version, "10.0.3");
}

}  // namespace
}  // namespace vmspawn
