// What clients of the control socket ask of the machine, and the host's sleep.
#include "run/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string word_of(AnswerCall::Kind kind) {
    switch (kind) {
        case AnswerCall::Kind::done:
            return "done";
        case AnswerCall::Kind::status:
            return "status";
        case AnswerCall::Kind::not_connected:
            return "not connected";
        case AnswerCall::Kind::ending:
            return "ending";
        case AnswerCall::Kind::failed:
            return "failed";
    }
    return "";
}

class Controlled : public testing::Test {
protected:
    std::vector<std::string> on(const Event& event) {
        std::vector<std::string> done;
        for (const Command& command : supervisor_.on(event)) {
            if (const auto* qmp = std::get_if<SendQmp>(&command))
                done.push_back(qmp->command + (qmp->call != 0 ? " for " + std::to_string(qmp->call) : ""));
            if (const auto* kill = std::get_if<KillQemu>(&command))
                done.push_back("kill " + std::to_string(kill->signal));
            if (const auto* reply = std::get_if<AnswerCall>(&command))
                done.push_back(std::to_string(reply->call) + " " + word_of(reply->kind) + (reply->running ? " running " : " ") +
                               reply->status);
            if (std::holds_alternative<LetSleep>(command))
                done.emplace_back("let sleep");
            if (std::holds_alternative<Finish>(command))
                done.emplace_back("finish");
        }
        return done;
    }
    std::vector<std::string> ask(MachineVerb verb, int call = 1) { return on(MachineAsked{.call = call, .verb = verb}); }
    void start() {
        on(QemuStarted{});
        on(QemuGreeted{});
    }
    int status() { return verdict(supervisor_.facts()); }

    Supervisor supervisor_{StopLadder{}};
};

TEST_F(Controlled, DescribePauseAndResumeAreQemusToAnswer) {
    start();
    EXPECT_THAT(ask(MachineVerb::describe), ElementsAre("query-status for 1"));
    EXPECT_THAT(on(MachineAnswered{.call = 1, .status = "running", .running = true}), ElementsAre("1 status running running"));
    EXPECT_THAT(ask(MachineVerb::pause, 2), ElementsAre("stop for 2"));
    EXPECT_THAT(on(MachineAnswered{.call = 2}), ElementsAre("2 done "));
    EXPECT_THAT(ask(MachineVerb::resume, 3), ElementsAre("cont for 3"));
    EXPECT_THAT(on(MachineAnswered{.call = 3, .error = "no"}), ElementsAre("3 failed "));
    EXPECT_THAT(on(MachineAnswered{.call = 3, .lost = true}), ElementsAre("3 not connected "));
}

TEST_F(Controlled, BeforeTheGreetingThereIsNobodyToAsk) {
    on(QemuStarted{});
    EXPECT_THAT(ask(MachineVerb::describe), ElementsAre("1 not connected "));
    EXPECT_THAT(ask(MachineVerb::reboot), ElementsAre("1 not connected "));
    EXPECT_THAT(ask(MachineVerb::terminate), ElementsAre("kill 15", "1 done "));
}

TEST_F(Controlled, TerminateEndsQemuByItsOwnCommand) {
    start();
    EXPECT_THAT(ask(MachineVerb::terminate), ElementsAre("quit", "1 done "));
    EXPECT_THAT(ask(MachineVerb::terminate, 2), ElementsAre("2 done "));
    on(QmpEvent{.name = "SHUTDOWN", .reason = "host-qmp-quit"});
    EXPECT_THAT(on(QemuEnded{ProcessEnd{}, ""}), ElementsAre("finish"));
    EXPECT_EQ(status(), 0);
}

TEST_F(Controlled, TerminateOfAQemuThatHangsKillsIt) {
    start();
    ask(MachineVerb::terminate);
    EXPECT_THAT(on(TimerFired{}), ElementsAre("kill 9"));
    on(QemuEnded{ProcessEnd{.signalled = true, .code = SIGKILL}, ""});
    EXPECT_EQ(status(), 128 + SIGTERM);
}

TEST_F(Controlled, TerminateDuringARebootIsTheEnd) {
    start();
    ask(MachineVerb::reboot);
    EXPECT_THAT(ask(MachineVerb::terminate, 2), ElementsAre("quit", "2 done "));
    EXPECT_THAT(on(QmpEvent{.name = "SHUTDOWN", .reason = "host-qmp-quit"}), IsEmpty());
}

TEST_F(Controlled, PowerOffIsTheOrderlyLadder) {
    start();
    EXPECT_THAT(ask(MachineVerb::power_off), ElementsAre("system_powerdown", "1 done "));
    EXPECT_THAT(ask(MachineVerb::power_off, 2), ElementsAre("2 done ")) << "a second time is no impatience";
    EXPECT_THAT(on(TimerFired{}), ElementsAre("kill 15"));
    on(QemuEnded{ProcessEnd{}, ""});
    EXPECT_EQ(status(), 128 + SIGTERM);
}

TEST_F(Controlled, APausedGuestGoesOnToHearTheButton) {
    start();
    ask(MachineVerb::pause);
    EXPECT_THAT(ask(MachineVerb::power_off, 2), ElementsAre("cont", "system_powerdown", "2 done "));
}

TEST_F(Controlled, RebootIsOrderly) {
    start();
    ask(MachineVerb::pause);
    EXPECT_THAT(ask(MachineVerb::reboot, 2), ElementsAre("cont", "set-action", "system_powerdown", "2 done "));
    EXPECT_THAT(ask(MachineVerb::reboot, 3), ElementsAre("3 done ")) << "it is under way";
    ask(MachineVerb::power_off, 4);
    EXPECT_THAT(ask(MachineVerb::reboot, 5), ElementsAre("5 ending "));
}

TEST_F(Controlled, TheGuestStandsStillWhileTheHostSleeps) {
    start();
    EXPECT_THAT(on(HostSleeps{true}), ElementsAre("query-status for -1"));
    EXPECT_THAT(on(MachineAnswered{.call = -1, .status = "running", .running = true}), ElementsAre("stop for -1"));
    EXPECT_THAT(on(MachineAnswered{.call = -1}), ElementsAre("let sleep"));
    EXPECT_THAT(on(HostSleeps{false}), ElementsAre("cont"));
    EXPECT_THAT(on(HostSleeps{false}), IsEmpty());
}

TEST_F(Controlled, WhatStoodStillBeforeIsNotLetGoOn) {
    start();
    on(HostSleeps{true});
    EXPECT_THAT(on(MachineAnswered{.call = -1, .status = "paused"}), ElementsAre("let sleep"));
    EXPECT_THAT(on(HostSleeps{false}), IsEmpty());
}

TEST_F(Controlled, WhoPausesDuringTheHostsSleepIsHeard) {
    start();
    on(HostSleeps{true});
    on(MachineAnswered{.call = -1, .status = "running", .running = true});
    on(MachineAnswered{.call = -1});
    ask(MachineVerb::pause, 2);
    EXPECT_THAT(on(HostSleeps{false}), IsEmpty());
    EXPECT_THAT(ask(MachineVerb::resume, 3), ElementsAre("cont for 3"));
}

TEST_F(Controlled, WhoResumesDuringTheHostsSleepWaitsForIt) {
    start();
    on(HostSleeps{true});
    on(MachineAnswered{.call = -1, .status = "running", .running = true});
    on(MachineAnswered{.call = -1});
    EXPECT_THAT(ask(MachineVerb::resume, 2), ElementsAre("2 done "));
    EXPECT_THAT(on(HostSleeps{false}), ElementsAre("cont"));
}

TEST_F(Controlled, AnAnswerThatComesWhenTheHostIsAwakeStopsNothing) {
    start();
    on(HostSleeps{true});
    EXPECT_THAT(on(HostSleeps{false}), IsEmpty());
    EXPECT_THAT(on(MachineAnswered{.call = -1, .status = "running", .running = true}), IsEmpty());
    EXPECT_THAT(ask(MachineVerb::resume, 2), ElementsAre("cont for 2"));
}

TEST_F(Controlled, AnAnswerAboutOneSleepIsNoneAboutTheNext) {
    start();
    on(HostSleeps{true});
    EXPECT_THAT(on(MachineAnswered{.call = -1, .status = "running", .running = true}), ElementsAre("stop for -1"));
    EXPECT_THAT(on(HostSleeps{false}), ElementsAre("cont")) << "after the stop, in QEMU's order";
    EXPECT_THAT(on(HostSleeps{true}), ElementsAre("query-status for -2"));
    EXPECT_THAT(on(MachineAnswered{.call = -1}), IsEmpty());
    EXPECT_THAT(on(MachineAnswered{.call = -2, .status = "running", .running = true}), ElementsAre("stop for -2"));
    EXPECT_THAT(on(MachineAnswered{.call = -2}), ElementsAre("let sleep"));
}

TEST_F(Controlled, AGuestThatTheHostsSleepHasStoppedHearsTheButtonToo) {
    start();
    on(HostSleeps{true});
    on(MachineAnswered{.call = -1, .status = "running", .running = true});
    on(MachineAnswered{.call = -1});
    EXPECT_THAT(ask(MachineVerb::power_off, 2), ElementsAre("cont", "system_powerdown", "2 done "));
}

TEST_F(Controlled, AHostThatSleepsDuringTheStartIsNotHeldUp) {
    EXPECT_THAT(on(HostSleeps{true}), ElementsAre("let sleep"));
    start();
    on(HostSleeps{true});
    EXPECT_THAT(on(MachineAnswered{.call = -1, .lost = true}), ElementsAre("let sleep")) << "nor by a QEMU that is gone";
}

}  // namespace
}  // namespace vmspawn
