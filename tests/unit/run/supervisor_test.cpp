// Event in, commands out.
#include "run/supervisor.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

/// One line for each command.
std::vector<std::string> show(const std::vector<Command>& commands) {
    struct Visitor {
        std::string operator()(const SendQmp& command) const { return "qmp " + command.command; }
        std::string operator()(const AnswerCall& command) const { return fmt::format("answer {}", command.call); }
        std::string operator()(const LetSleep&) const { return "let sleep"; }
        std::string operator()(const KillQemu& command) const { return fmt::format("kill {}", command.signal); }
        std::string operator()(const ArmTimer& command) const { return fmt::format("timer {}", command.after.count()); }
        std::string operator()(const ArmReadyTimer& command) const { return fmt::format("ready timer {}", command.after.count()); }
        std::string operator()(const SignalCommand& signal) const { return fmt::format("signal {} to the command", signal.signal); }
        std::string operator()(const TellManager& command) const { return "tell " + command.state.substr(0, command.state.find('\n')); }
        std::string operator()(const Say& command) const {
            return "say " + command.text + (command.detail.empty() ? "" : " | " + command.detail);
        }
        std::string operator()(const Finish&) const { return "finish"; }
    };
    std::vector<std::string> lines;
    for (const Command& command : commands)
        lines.push_back(std::visit(Visitor{}, command));
    return lines;
}

const std::string asked = "say SIGTERM: asked the guest to power off; SIGTERM to QEMU in 30 s or at a second signal";

class Supervising : public testing::Test {
protected:
    std::vector<std::string> on(const Event& event) { return show(supervisor_.on(event)); }
    void SetUp() override {
        on(QemuStarted{});
        on(QemuGreeted{});
    }
    static QmpEvent shutdown(const char* reason) {
        return {.name = "SHUTDOWN", .reason = reason, .guest = std::string_view(reason).starts_with("guest")};
    }
    int end(ProcessEnd how = {}) {
        on(QemuEnded{how, ""});
        return verdict(supervisor_.facts());
    }

    Supervisor supervisor_{StopLadder{}};
};

TEST_F(Supervising, LadderByTime) {
    EXPECT_THAT(on(Signalled{SIGTERM}), ElementsAre("qmp system_powerdown", "timer 30", "tell STOPPING=1", asked));
    EXPECT_THAT(on(TimerFired{}), ElementsAre("kill 15", "timer 10", "tell STOPPING=1",
                                              "say no end after 30 s: sent SIGTERM to QEMU; SIGKILL in 10 s or at another signal"));
    EXPECT_THAT(on(TimerFired{}), ElementsAre("kill 9", "say no end after 10 s: sent SIGKILL to QEMU"));
    EXPECT_THAT(on(TimerFired{}), IsEmpty());
    EXPECT_EQ(end({.signalled = true, .code = SIGKILL}), 143);
}

TEST_F(Supervising, LadderBySignals) {
    EXPECT_THAT(on(Signalled{SIGTERM}), ElementsAre("qmp system_powerdown", "timer 30", "tell STOPPING=1", asked));
    EXPECT_THAT(on(Signalled{SIGINT}), ElementsAre("kill 15", "timer 10", "tell STOPPING=1",
                                                   "say SIGINT: sent SIGTERM to QEMU; SIGKILL in 10 s or at another signal"));
    EXPECT_THAT(on(Signalled{SIGINT}), ElementsAre("kill 9", "say SIGINT: sent SIGKILL to QEMU"));
    EXPECT_THAT(on(Signalled{SIGINT}), IsEmpty());
    EXPECT_EQ(end({.signalled = true, .code = SIGKILL}), 143) << "the first signal counts";
}

TEST_F(Supervising, GuestThatPowersOffOnRequestGivesZero) {
    on(Signalled{SIGINT});
    on(QmpEvent{.name = "POWERDOWN", .reason = "", .guest = false});
    on(shutdown("guest-shutdown"));
    EXPECT_THAT(on(QemuEnded{{}, ""}), ElementsAre("finish"));
    EXPECT_EQ(verdict(supervisor_.facts()), 0);
}

TEST_F(Supervising, KeysEndQemuAtOnceAndCountAsSigterm) {
    EXPECT_THAT(on(KeysTyped{HotKey::end}),
                ElementsAre("kill 15", "timer 10", "tell STOPPING=1",
                            "say ^] typed three times: sent SIGTERM to QEMU; SIGKILL in 10 s or at another signal"));
    on(shutdown("host-signal"));
    EXPECT_EQ(end(), 143);
}

TEST_F(Supervising, KeysAreTheButtonsOfTheMachine) {
    EXPECT_THAT(on(KeysTyped{HotKey::power_off}), ElementsAre("qmp system_powerdown", "say ^]^]p: asked the guest to power off"));
    EXPECT_THAT(on(KeysTyped{HotKey::help}), ElementsAre(testing::HasSubstr("^]^]p asks the guest to power off")));
    EXPECT_THAT(on(KeysTyped{HotKey::help}), Not(ElementsAre(testing::HasSubstr("leaves it running"))));
    EXPECT_THAT(on(KeysTyped{.key = HotKey::help, .can_leave = true}), ElementsAre(testing::HasSubstr("^]^]] leaves it running")));
    on(shutdown("guest-shutdown"));
    EXPECT_EQ(end(), 0) << "nobody asked vmspawn to end";
}

TEST_F(Supervising, KeysRebootInOrder) {
    EXPECT_THAT(on(KeysTyped{HotKey::reboot}), Contains("qmp system_powerdown"));
}

TEST_F(Supervising, KeysAfterASignalGoOnWithTheLadder) {
    on(Signalled{SIGINT});
    EXPECT_EQ(on(KeysTyped{HotKey::end}).front(), "kill 15");
    EXPECT_EQ(on(KeysTyped{HotKey::end}).front(), "kill 9");
    EXPECT_EQ(end({.signalled = true, .code = SIGKILL}), 130);
}

TEST_F(Supervising, ClosedTerminalThatSaysSoTwiceIsOneRequest) {
    EXPECT_EQ(on(Signalled{SIGHUP}).front(), "qmp system_powerdown");
    EXPECT_THAT(on(Signalled{SIGHUP}), IsEmpty());
    EXPECT_EQ(on(TimerFired{}).front(), "kill 15");
    EXPECT_EQ(end(), 129);
}

TEST_F(Supervising, PanicIsSaidAndGives255) {
    EXPECT_THAT(on(QmpEvent{.name = "GUEST_PANICKED", .reason = "poweroff", .guest = false}), ElementsAre("say the guest panicked"));
    on(shutdown("guest-panic"));
    EXPECT_EQ(end(), 255);
}

TEST_F(Supervising, InternalErrorEndsQemuWithFive) {
    EXPECT_THAT(on(QmpEvent{.name = "STOP", .reason = "", .guest = false}), ElementsAre("qmp query-status"));
    EXPECT_THAT(
        on(QmpStatus{"internal-error"}),
        ElementsAre("say the virtual processor hit an error that KVM cannot handle; the guest cannot go on", "kill 15", "timer 10"));
    EXPECT_THAT(on(QemuEnded{{}, "words"}), ElementsAre("finish")) << "the cause has been said";
    EXPECT_EQ(verdict(supervisor_.facts()), EIO);
}

TEST_F(Supervising, OtherStopsGoOn) {
    EXPECT_THAT(on(QmpStatus{"paused"}), IsEmpty());
    EXPECT_THAT(on(QmpStatus{"shutdown"}), IsEmpty());
    EXPECT_THAT(on(QmpStatus{"io-error"}),
                ElementsAre("say the guest is paused: one of its disks could not be read or written; is the host's disk full?"));
}

TEST_F(Supervising, BrokenQmpEndsQemuWithFive) {
    EXPECT_THAT(on(QmpBroken{"a line is too long"}),
                ElementsAre("say QEMU does not speak QMP any more | a line is too long", "kill 15", "timer 10"));
    EXPECT_EQ(end(), EIO);
}

TEST_F(Supervising, RestartsAreToldApartFromEnds) {
    EXPECT_THAT(on(QmpEvent{.name = "RESET", .reason = "guest-reset", .guest = true}), ElementsAre("say the guest restarted"));
    EXPECT_THAT(on(QmpEvent{.name = "RESET", .reason = "host-qmp-system-reset", .guest = false}), IsEmpty());
    EXPECT_EQ(end(), EIO) << "it ended, and nobody said that it would";
}

TEST_F(Supervising, DeathOfQemuShowsItsWords) {
    EXPECT_THAT(on(QemuEnded{{.signalled = true, .code = SIGKILL}, "last\nwords"}),
                ElementsAre("say QEMU was killed by SIGKILL | last\nwords", "finish"));
}

TEST_F(Supervising, EndWithoutPowerOffIsSaid) {
    EXPECT_THAT(on(QemuEnded{{}, ""}), ElementsAre("say QEMU ended although the guest did not power off", "finish"));
}

TEST_F(Supervising, SignalFromAStrangerToQemuIsAFailure) {
    on(shutdown("host-signal"));
    EXPECT_EQ(end(), EIO);
}

TEST_F(Supervising, AfterTheEndNothingHappens) {
    on(shutdown("guest-shutdown"));
    on(QemuEnded{{}, ""});
    EXPECT_THAT(on(Signalled{SIGTERM}), IsEmpty());
    EXPECT_THAT(on(TimerFired{}), IsEmpty());
}

TEST(SupervisorOfAMachineWithoutAnEvent, EndOfQemuIsThePowerOff) {
    for (const bool silent : {true, false}) {
        Supervisor supervisor{StopLadder{.silent_power_off = silent}};
        supervisor.on(QemuStarted{});
        supervisor.on(QemuGreeted{});
        supervisor.on(QemuEnded{{}, ""});
        EXPECT_EQ(verdict(supervisor.facts()), silent ? 0 : EIO);
    }
}

TEST(SupervisorBeforeTheGreeting, RequestEndsQemuAtOnce) {
    Supervisor supervisor{StopLadder{}};
    supervisor.on(QemuStarted{});
    EXPECT_EQ(show(supervisor.on(Signalled{SIGINT})).front(), "kill 15");
    EXPECT_THAT(show(supervisor.on(QemuEnded{{.signalled = true, .code = SIGTERM}, ""})), ElementsAre("finish"));
    EXPECT_EQ(verdict(supervisor.facts()), 130);
}

TEST(SupervisorBeforeTheGreeting, RequestBeforeQemuRunsEndsTheBringUp) {
    Supervisor supervisor{StopLadder{}};
    EXPECT_THAT(show(supervisor.on(Signalled{SIGINT})), ElementsAre("finish", "say SIGINT: the machine does not start"));
    EXPECT_EQ(verdict(supervisor.facts()), 130);
}

TEST(SupervisorBeforeTheGreeting, HelperThatEndsBeforeQemuRunsEndsTheBringUp) {
    Supervisor supervisor{StopLadder{}};
    supervisor.on(HelperStarted{});
    const HelperEnded lost{.id = "vsock", .name = "vsock", .critical = Critical::until_ready, .end = {.code = 1}, .last_words = "words"};
    EXPECT_THAT(show(supervisor.on(lost)), ElementsAre("finish"));
    ASSERT_TRUE(supervisor.facts().helper);
    EXPECT_EQ(supervisor.facts().helper->id, "vsock");
}

TEST(SupervisorBeforeTheGreeting, DeathOfQemuIsTheBringUpsToTell) {
    Supervisor supervisor{StopLadder{}};
    EXPECT_THAT(show(supervisor.on(QemuEnded{{.signalled = false, .code = 1}, "words"})), ElementsAre("finish"));
}

}  // namespace
}  // namespace vmspawn
