// How a running machine is ended from outside, and what is left then.
#include "machine_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sys/stat.h>
#include <termios.h>

namespace vmspawn::test {

pid_t child_of(pid_t parent) {
    const std::string number = std::to_string(parent);
    std::ifstream children("/proc/" + number + "/task/" + number + "/children");
    pid_t child = -1;
    children >> child;
    return child;
}

namespace {

using testing::EndsWith;
using testing::HasSubstr;

class Ending : public Machine {
protected:
    Plan idle_machine() {
        Plan plan = tiny_machine(directory_.path(), Guest::greet_and_idle);
        plan.stop = {.power_off = std::chrono::seconds(1), .terminate = std::chrono::seconds(1)};
        return plan;
    }
};

TEST_F(Ending, SigtermAsksThenTerminates) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    kill(pid, SIGTERM);
    const Ended ended = finish(pid);
    EXPECT_EQ(ended.status, 128 + SIGTERM);
    EXPECT_THAT(ended.messages, HasSubstr("vmspawn: SIGTERM: asked the guest to power off; SIGTERM to QEMU in 1 s or at a second signal\n"
                                          "vmspawn: no end after 1 s: sent SIGTERM to QEMU; SIGKILL in 1 s or at another signal\n"));
    expect_nothing_left();
}

TEST_F(Ending, SecondSignalDoesNotWait) {
    Plan plan = idle_machine();
    plan.stop = {};
    const pid_t pid = start(plan);
    wait_for_greeting();
    kill(pid, SIGINT);
    wait_for_message("second signal");
    kill(pid, SIGTERM);
    EXPECT_EQ(finish(pid).status, 128 + SIGINT);
}

TEST_F(Ending, QemuThatDoesNotListenIsKilled) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    kill(child_of(pid), SIGSTOP);
    kill(pid, SIGINT);
    const Ended ended = finish(pid);
    EXPECT_EQ(ended.status, 128 + SIGINT);
    EXPECT_THAT(ended.messages, EndsWith("sent SIGKILL to QEMU\n"));
    expect_nothing_left();
}

TEST_F(Ending, SignalBeforeTheGreetingEndsTheStart) {
    Plan plan = idle_machine();
    plan.console = {};
    qemu_of(plan).program = "/bin/sh";
    qemu_of(plan).arguments = {Word("-c"), Word("exec sleep 60")};
    const pid_t pid = start(plan);
    ASSERT_TRUE(eventually([&] { return child_of(pid) > 0; }));
    kill(pid, SIGTERM);
    const Ended ended = finish(pid);
    EXPECT_EQ(ended.status, 128 + SIGTERM);
    EXPECT_EQ(ended.messages, "vmspawn: SIGTERM: sent SIGTERM to QEMU; SIGKILL in 1 s or at another signal\n");
    expect_nothing_left();
}

TEST_F(Ending, QemuKilledByAStrangerIsAFailureWithItsName) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    kill(child_of(pid), SIGKILL);
    const Ended ended = finish(pid);
    EXPECT_EQ(ended.status, EIO);
    EXPECT_EQ(ended.messages, "vmspawn: QEMU was killed by SIGKILL\n");
    expect_nothing_left();
}

TEST_F(Ending, QemuTerminatedByAStrangerIsAFailure) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    kill(child_of(pid), SIGTERM);
    EXPECT_EQ(finish(pid).status, EIO);
}

TEST_F(Ending, KilledVmspawnTakesQemuWithItAndTheNextRunCleansUp) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    const pid_t qemu = child_of(pid);
    kill(pid, SIGKILL);
    wait_for(pid);
    EXPECT_TRUE(eventually([&] { return !process_exists(qemu); }));
    EXPECT_TRUE(std::filesystem::exists(directory_.path() / "run/systemd/vmspawn/tiny"));
    early_.clear();
    EXPECT_EQ(run(tiny_machine(directory_.path(), Guest::power_off)).status, 0);
    EXPECT_FALSE(std::filesystem::exists(directory_.path() / "run/systemd/vmspawn/tiny"));
}

TEST_F(Ending, NameAndImageInUseNameTheirHolders) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    Pipe messages = make_pipe();
    const Plan same_name = tiny_machine(directory_.path(), Guest::idle);
    Plan same_image = same_name;
    std::get<ClaimName>(same_image.resources.front().up).name = "other";
    for (const Plan& plan : {same_name, same_image})
        EXPECT_EQ(wait_for(run_in_child(0, 1, messages.writer.get(), [&] { return execute(plan, {}, {}); })), EBUSY);
    messages.writer.reset();
    EXPECT_EQ(read_all(messages.reader.get()),
              "vmspawn: could not take the machine name 'tiny': in use by vmspawn, pid " + std::to_string(pid) +
                  "\nvmspawn: could not open image 'disk.raw' (image.path): in use by qemu-system-x86_64, pid " +
                  std::to_string(child_of(pid)) + "\n");
    kill(pid, SIGINT);
    kill(pid, SIGTERM);
    finish(pid);
}

std::set<std::string> targets(pid_t pid) {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
        found.insert(std::filesystem::read_symlink(entry.path()).string());
    return found;
}

TEST_F(Ending, OnlyQemuHoldsTheImageWhileItRuns) {
    const pid_t pid = start(idle_machine());
    wait_for_greeting();
    EXPECT_FALSE(targets(pid).contains(image())) << "else its lock would outlive QEMU";
    EXPECT_TRUE(targets(child_of(pid)).contains(image()));
    for (const std::string& target : targets(child_of(pid)))
        EXPECT_FALSE(target.starts_with((directory_.path() / "run").string())) << "QEMU must not hold the name";
    kill(pid, SIGINT);
    kill(pid, SIGTERM);
    finish(pid);
}

class AtATerminal : public Ending {
protected:
    void SetUp() override {
        Ending::SetUp();
        master_ = Fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        unlockpt(master_.get());
        slave_ = Fd(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    }
    pid_t start_interactive(const RunOptions& options = {}) {
        Plan plan = idle_machine();
        plan.console.kind = ConsoleKind::interactive;
        return run_in_child(slave_.get(), slave_.get(), slave_.get(), [plan, options] { return execute(plan, options, {}); });
    }
    void wait_for_text(const std::string& text) {
        while (shown_.find(text) == std::string::npos) {
            char byte = 0;
            ASSERT_EQ(read(master_.get(), &byte, 1), 1) << shown_;
            shown_ += byte;
        }
    }
    [[nodiscard]] bool is_raw() const {
        termios settings{};
        tcgetattr(slave_.get(), &settings);
        return (settings.c_lflag & ICANON) == 0;
    }
    Fd master_;
    Fd slave_;
    std::string shown_;
};

TEST_F(AtATerminal, KeysEndTheMachineAndTheTerminalIsItselfAgain) {
    const pid_t pid = start_interactive();
    wait_for_text("HELLO\r\n");
    EXPECT_TRUE(is_raw());
    ASSERT_EQ(write(master_.get(), "\x1d\x1d\x1d", 3), 3);
    wait_for_text("vmspawn: ^] typed three times: sent SIGTERM to QEMU; SIGKILL in 1 s or at another signal\r\n");
    EXPECT_EQ(wait_for(pid), 128 + SIGTERM);
    EXPECT_FALSE(is_raw());
    expect_nothing_left();
}

TEST_F(AtATerminal, ClosedTerminalEndsTheMachine) {
    const pid_t pid = start_interactive();
    wait_for_text("HELLO\r\n");
    slave_.reset();
    master_.reset();
    EXPECT_EQ(wait_for(pid), 128 + SIGHUP);
    expect_nothing_left();
}

TEST_F(AtATerminal, CrashOfVmspawnRestoresIt) {
    const pid_t pid = start_interactive();
    wait_for_text("HELLO\r\n");
    ASSERT_TRUE(is_raw());
    kill(pid, SIGSEGV);
    EXPECT_NE(wait_for(pid), 0);
    EXPECT_FALSE(is_raw());
}

}  // namespace
}  // namespace vmspawn::test
