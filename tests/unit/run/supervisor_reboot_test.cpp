// A reboot that is asked for from outside.
#include "run/supervisor.hpp"

#include <gmock/gmock.h>

#include <csignal>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Rebooting : public testing::Test {
protected:
    /// What is sent to QEMU.
    std::vector<std::string> on(const Event& event) {
        std::vector<std::string> sent;
        for (const Command& command : supervisor_.on(event)) {
            if (const auto* qmp = std::get_if<SendQmp>(&command))
                sent.push_back(qmp->command + qmp->arguments);
            if (const auto* kill = std::get_if<KillQemu>(&command))
                sent.push_back("kill " + std::to_string(kill->signal));
        }
        return sent;
    }
    void SetUp() override {
        on(QemuStarted{});
        on(QemuGreeted{});
    }
    static QmpEvent powered_off() { return {.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true}; }
    static QmpEvent was_reset() { return {.name = "RESET", .reason = "host-qmp-system-reset", .guest = false}; }

    const std::string pause_then_ = R"(set-action{"shutdown":"pause"})";
    const std::string end_then_ = R"(set-action{"shutdown":"poweroff"})";
    Supervisor supervisor_{StopLadder{}};
};

TEST_F(Rebooting, TheGuestPowersOffInOrderAndStartsAgain) {
    EXPECT_THAT(on(RebootAsked{}), ElementsAre(pause_then_, "system_powerdown"));
    EXPECT_THAT(on(RebootAsked{}), IsEmpty()) << "it is under way";
    EXPECT_THAT(on(powered_off()), ElementsAre("system_reset", end_then_));
    EXPECT_THAT(on(was_reset()), ElementsAre("cont"));
    EXPECT_THAT(on(TimerFired{}), IsEmpty()) << "the time for the power-off counts no more";
    EXPECT_THAT(on(RebootAsked{}), ElementsAre(pause_then_, "system_powerdown")) << "once more";
}

TEST_F(Rebooting, AGuestThatDoesNotPowerOffIsReset) {
    on(RebootAsked{});
    EXPECT_THAT(on(TimerFired{}), ElementsAre("system_reset", end_then_));
    EXPECT_THAT(on(was_reset()), ElementsAre("cont"));
}

TEST_F(Rebooting, APowerOffOfTheRestartedGuestIsTheEnd) {
    on(RebootAsked{});
    on(powered_off());
    on(was_reset());
    EXPECT_FALSE(supervisor_.facts().orderly);
    EXPECT_THAT(on(powered_off()), IsEmpty());
    EXPECT_TRUE(supervisor_.facts().orderly);
    on(QemuEnded{ProcessEnd{}, ""});
    EXPECT_EQ(verdict(supervisor_.facts()), 0);
}

TEST_F(Rebooting, WhoAsksForTheEndMeanwhileGetsIt) {
    on(RebootAsked{});
    EXPECT_THAT(on(Signalled{SIGTERM}), ElementsAre(end_then_, "system_powerdown"));
    EXPECT_THAT(on(powered_off()), IsEmpty());
    EXPECT_THAT(on(TimerFired{}), ElementsAre("kill 15"));
}

TEST_F(Rebooting, AGuestThatIsOffAlreadyGoesOnToPowerOffForGood) {
    on(RebootAsked{});
    on(powered_off());
    EXPECT_THAT(on(Signalled{SIGTERM}), ElementsAre(end_then_, "cont", "system_powerdown"));
}

TEST_F(Rebooting, NobodyRebootsWhatEnds) {
    on(Signalled{SIGTERM});
    EXPECT_THAT(on(RebootAsked{}), IsEmpty());
}

}  // namespace
}  // namespace vmspawn
