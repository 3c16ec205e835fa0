// Whose end was the cause, when a helper and QEMU end and the news comes in either order.
#include "run/supervisor.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <string>

namespace vmspawn {
namespace {

constexpr ProcessEnd well{};
constexpr ProcessEnd status_one{.signalled = false, .code = 1};
constexpr ProcessEnd by(int signal) {
    return {.signalled = true, .code = signal};
}

HelperEnded helper(ProcessEnd end, Critical critical = Critical::always) {
    return {.id = "root-fs", .name = "root-fs (a.vmspawn:2:1, image.directory)", .critical = critical, .end = end, .last_words = "words"};
}
QemuEnded qemu(ProcessEnd end) {
    return {end, "QEMU's words"};
}

class Helping : public testing::Test {
protected:
    void SetUp() override {
        on(HelperStarted{});
        on(QemuStarted{});
        on(QemuGreeted{});
    }
    /// All that was said, and whether the end was reached.
    void on(const Event& event) {
        for (const Command& command : supervisor_.on(event)) {
            if (const auto* say = std::get_if<Say>(&command))
                said_ += say->text + (say->detail.empty() ? "" : " | " + say->detail) + "\n";
            if (const auto* kill = std::get_if<KillQemu>(&command))
                sent_ = kill->signal;
            finished_ = finished_ || std::holds_alternative<Finish>(command);
        }
    }
    int status() { return verdict(supervisor_.facts()); }

    Supervisor supervisor_{StopLadder{}};
    std::string said_;
    int sent_ = 0;
    bool finished_ = false;
};

constexpr const char* lost_by_kill =
    "root-fs (a.vmspawn:2:1, image.directory) was killed by SIGKILL; the guest cannot go on without it | words\n";

TEST_F(Helping, LostHelperEndsQemuAtOnceWithoutAskingTheGuest) {
    on(helper(by(SIGKILL)));
    EXPECT_EQ(sent_, SIGTERM);
    EXPECT_EQ(said_, "");
    on(qemu(well));
    EXPECT_EQ(said_, lost_by_kill);
    EXPECT_TRUE(finished_);
    EXPECT_EQ(status(), EIO);
}

TEST_F(Helping, QemuThatDiedOfItIsNotBlamedWhicheverNewsComesFirst) {
    on(qemu(status_one));
    EXPECT_FALSE(finished_) << "the helper's end is still to come";
    on(helper(by(SIGKILL)));
    EXPECT_EQ(said_, lost_by_kill);
    EXPECT_TRUE(finished_);
    EXPECT_EQ(status(), EIO);
}

TEST_F(Helping, QemuThatDiedOfItAfterTheHelper) {
    on(helper(by(SIGKILL)));
    on(qemu(status_one));
    EXPECT_EQ(said_, lost_by_kill);
    EXPECT_EQ(status(), EIO);
}

TEST_F(Helping, HelperThatEndsWithoutReasonIsTheCause) {
    on(helper(well));
    EXPECT_EQ(sent_, SIGTERM);
    on(qemu(by(SIGTERM)));
    EXPECT_EQ(said_, "root-fs (a.vmspawn:2:1, image.directory) ended with status 0; the guest cannot go on without it | words\n");
    EXPECT_EQ(status(), EIO);
}

TEST_F(Helping, HelperThatFollowsAKilledQemuIsNotReported) {
    on(helper(well));
    on(qemu(by(SIGKILL)));
    EXPECT_EQ(said_, "QEMU was killed by SIGKILL | QEMU's words\n");
    EXPECT_EQ(status(), EIO);
    EXPECT_FALSE(supervisor_.facts().helper);
}

TEST_F(Helping, KilledQemuThenTheHelperThatFollows) {
    on(qemu(by(SIGKILL)));
    on(helper(status_one));
    EXPECT_EQ(said_, "QEMU was killed by SIGKILL | QEMU's words\n");
    EXPECT_TRUE(finished_);
}

TEST_F(Helping, FailedQemuDoesNotWaitForeverForAHelper) {
    on(qemu(status_one));
    EXPECT_FALSE(finished_);
    on(TimerFired{});
    EXPECT_EQ(said_, "QEMU ended with status 1 | QEMU's words\n");
    EXPECT_TRUE(finished_);
}

TEST_F(Helping, EndsAfterAPowerOffAreNeverReported) {
    for (const bool helper_first : {true, false})
        for (const ProcessEnd end : {well, status_one, by(SIGSEGV)}) {
            supervisor_ = Supervisor{StopLadder{}};
            finished_ = false;
            SetUp();
            on(QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true});
            if (helper_first)
                on(helper(end));
            on(qemu(well));
            EXPECT_TRUE(finished_);
            if (!helper_first)
                on(helper(end));
            EXPECT_EQ(said_, "");
            EXPECT_EQ(status(), 0);
        }
}

TEST_F(Helping, EndsAfterOurSignalAreNeverReported) {
    on(KeysTyped{HotKey::end});
    said_.clear();
    on(helper(status_one));
    on(qemu(well));
    EXPECT_EQ(said_, "");
    EXPECT_EQ(status(), 128 + SIGTERM);
}

TEST_F(Helping, LostWhileTheGuestPowersOffIsTheEnd) {
    on(Signalled{SIGTERM});
    said_.clear();
    on(helper(by(SIGKILL)));
    EXPECT_EQ(sent_, SIGTERM);
    on(qemu(well));
    EXPECT_EQ(said_, lost_by_kill);
    EXPECT_EQ(status(), EIO);
}

TEST_F(Helping, QemuThatDoesNotEndIsKilledAndTheHelperBlamed) {
    on(helper(by(SIGKILL)));
    on(TimerFired{});
    EXPECT_EQ(sent_, SIGKILL);
    said_.clear();
    on(qemu(by(SIGKILL)));
    EXPECT_EQ(said_, lost_by_kill);
}

TEST_F(Helping, TheOneThatDiedIsBlamedNotTheOneThatFollowed) {
    on(HelperStarted{});
    HelperEnded other = helper(well);
    other.id = "mount.src";
    on(other);
    on(helper(by(SIGKILL)));
    on(qemu(status_one));
    EXPECT_EQ(said_, lost_by_kill);
}

TEST_F(Helping, LostHelperThatIsNotCriticalOnlyWarns) {
    on(helper(status_one, Critical::never));
    EXPECT_EQ(said_, "root-fs (a.vmspawn:2:1, image.directory) ended with status 1 | words\n");
    EXPECT_EQ(sent_, 0);
    EXPECT_FALSE(finished_);
}

TEST(HelpingAtTheStart, LostHelperIsTheBringUpsToTell) {
    Supervisor supervisor{StopLadder{}};
    supervisor.on(HelperStarted{});
    supervisor.on(qemu(status_one));
    const auto commands = supervisor.on(helper(status_one));
    ASSERT_EQ(commands.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<Finish>(commands.front()));
    ASSERT_TRUE(supervisor.facts().helper);
    EXPECT_EQ(supervisor.facts().helper->id, "root-fs");
}

}  // namespace
}  // namespace vmspawn
