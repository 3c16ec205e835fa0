// What a guest tells: the words, and who may say them.
#include "run/notify_receiver.hpp"
#include "run/supervisor.hpp"
#include "run/vsock.hpp"
#include "support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Notification, FieldsAreReadStrictly) {
    const auto fields = parse_notification("READY=1\nSTATUS=a = b\nno field\n=empty\nlower=1\nEXIT_STATUS=3");
    ASSERT_TRUE(fields);
    EXPECT_THAT(*fields, ElementsAre(NotifyField{"READY", "1"}, NotifyField{"STATUS", "a = b"}, NotifyField{"EXIT_STATUS", "3"}));
    EXPECT_FALSE(parse_notification(std::string("READY=1\0", 8)));
    EXPECT_FALSE(parse_notification("STATUS=" + std::string(longest_notification, 'a')));
    EXPECT_EQ(parse_notification("STATUS=\x1b[31mred")->front().value, "\\x1b[31mred");
}

TEST(Notification, ExitStatusIsAByteInDigits) {
    EXPECT_EQ(parse_exit_status("0"), 0);
    EXPECT_EQ(parse_exit_status("255"), 255);
    for (const char* text : {"", "256", "-1", "+1", " 1", "1 ", "0x1", "99999999999"})
        EXPECT_FALSE(parse_exit_status(text)) << text;
}

class Receiving : public testing::Test {
protected:
    int directory() { return directory_fd_.get(); }
    /// A receiver that hears process `pid` only.
    void listen_to(pid_t pid) {
        receiver_.emplace(
            loop_, port_.listener.get(), GuestPeer{pid},
            NotifyReceiver::Handlers{.said = [this](const NotifyField& field) { log_.push_back(field.name + "=" + field.value); },
                                     .refused = [this](const std::string& problem) { log_.push_back("refused: " + problem); }});
    }
    Fd connected() { return *connect_in(directory(), "port"); }

    test::TemporaryDirectory directory_;
    Fd directory_fd_{::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    EventLoop loop_;
    VsockPort port_ = *listen_vsock({.device = "vsock", .port = 9999, .socket = "port"}, directory());
    std::vector<std::string> log_;
    std::optional<NotifyReceiver> receiver_;
};

TEST_F(Receiving, AnswersWithoutWaitingForTheEndOfFile) {
    listen_to(getpid());
    const Fd guest = connected();
    ASSERT_EQ(write(guest.get(), "READY=1\nSTATUS=up", 17), 17);
    ASSERT_TRUE(loop_.turn());
    ASSERT_TRUE(loop_.turn());
    EXPECT_THAT(log_, ElementsAre("READY=1", "STATUS=up"));
    char byte = 0;
    EXPECT_EQ(read(guest.get(), &byte, 1), 0) << "the guest's systemd waits for this";
}

TEST_F(Receiving, TurnsStrangersAwayAndSaysSoOnce) {
    listen_to(getppid());
    for (int i = 0; i < 3; ++i) {
        const Fd stranger = connected();
        ASSERT_EQ(write(stranger.get(), "EXIT_STATUS=0", 13), 13);
        ASSERT_TRUE(loop_.turn());
    }
    EXPECT_THAT(log_, ElementsAre(fmt::format("refused: process {} spoke on the guest's notification socket and was not heard", getpid())));
}

TEST_F(Receiving, DrainTakesWhatWaits) {
    listen_to(getpid());
    const Fd first = connected(), second = connected();
    ASSERT_EQ(write(first.get(), "EXIT_STATUS=1", 13), 13);
    ASSERT_EQ(write(second.get(), "EXIT_STATUS=2", 13), 13);
    receiver_->drain();
    EXPECT_THAT(log_, ElementsAre("EXIT_STATUS=1", "EXIT_STATUS=2"));
}

class Guest : public testing::Test {
protected:
    void start(NotifyPlan notify) {
        supervisor_ = Supervisor{StopLadder{}, std::move(notify)};
        on(QemuStarted{.pid = 77});
        on(QemuGreeted{});
        on(MachineUp{});
    }
    void on(const Event& event) {
        for (const Command& command : supervisor_.on(event)) {
            if (const auto* tell = std::get_if<TellManager>(&command))
                told_.push_back(tell->state);
            if (const auto* say = std::get_if<Say>(&command))
                said_.push_back(say->text + (say->detail.empty() ? "" : " | " + say->detail));
            if (const auto* timer = std::get_if<ArmReadyTimer>(&command))
                timer_ = timer->after;
            if (const auto* kill = std::get_if<KillQemu>(&command))
                killed_ = kill->signal;
        }
    }
    int end() {
        on(QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true});
        on(QemuEnded{{}, ""});
        return verdict(supervisor_.facts());
    }

    Supervisor supervisor_{StopLadder{}};
    std::vector<std::string> told_, said_;
    std::chrono::microseconds timer_{-1};
    int killed_ = 0;
};

TEST_F(Guest, IsReadyWhenItSaysSo) {
    start({.listener = "notify", .wait = true, .timeout = {}});
    EXPECT_THAT(told_, ElementsAre("STATUS=VM started.\nX_VMSPAWN_LEADER_PID=77"));
    on(GuestSaid{"READY", "0"});
    on(GuestSaid{"READY", "1"});
    on(GuestSaid{"READY", "1"});
    on(GuestSaid{"STATUS", "Ready."});
    EXPECT_THAT(told_,
                ElementsAre("STATUS=VM started.\nX_VMSPAWN_LEADER_PID=77", "READY=1\nSTATUS=VM running.", "STATUS=VM running: Ready."));
}

TEST_F(Guest, HasTheTimeOfItsDefinitionAlsoWhereItsUnitHasLess) {
    start({.listener = "notify", .wait = true, .timeout = std::chrono::minutes(10)});
    EXPECT_THAT(
        told_,
        ElementsAre(
            "STATUS=VM started.\nX_VMSPAWN_LEADER_PID=77\nEXTEND_TIMEOUT_USEC=612000000"));  // and what the end of a late one may take
    EXPECT_EQ(timer_, std::chrono::minutes(10));
}

TEST_F(Guest, IsReadyAtOnceWhereNobodyWaits) {
    start({});
    EXPECT_THAT(told_, ElementsAre("X_VMSPAWN_LEADER_PID=77", "READY=1\nSTATUS=VM running."));
}

TEST_F(Guest, TheLastExitStatusIsOurs) {
    start({});
    on(GuestSaid{"EXIT_STATUS", "7"});
    on(GuestSaid{"EXIT_STATUS", "42"});
    on(GuestSaid{"EXIT_STATUS", "256"});
    EXPECT_THAT(said_, ElementsAre("the guest sent EXIT_STATUS=256, which is no status; ignored"));
    EXPECT_EQ(end(), 42);
}

TEST_F(Guest, LateIsSaidWithWhatIsKnown) {
    using namespace std::chrono_literals;
    start({.listener = "notify", .wait = true, .timeout = 1500ms});
    EXPECT_EQ(timer_, 1500ms);
    on(GuestSaid{"STATUS", "Starting a thing"});
    on(ReadyTimedOut{"last line"});
    EXPECT_EQ(said_.front(),
              "the guest was not ready after 1.5 s (ready.timeout) | its last status: Starting a thing\nthe end of its "
              "console:\nlast line");
    EXPECT_EQ(killed_, SIGTERM);
    on(QemuEnded{{}, ""});
    EXPECT_EQ(verdict(supervisor_.facts()), ETIMEDOUT);
}

TEST_F(Guest, EndsAtOnceWhenItsTimeIsUp) {
    start({});
    on(TimeIsUp{"last line"});
    EXPECT_THAT(said_, ElementsAre("the machine has had its time (--timeout) | the end of its console:\nlast line",
                                   "--timeout: sent SIGTERM to QEMU; SIGKILL in 10 s or at another signal"));
    EXPECT_EQ(killed_, SIGTERM);
    on(TimeIsUp{"once"});
    on(QemuEnded{{.signalled = true, .code = SIGTERM}, ""});
    EXPECT_EQ(said_.size(), 2U);
    EXPECT_EQ(verdict(supervisor_.facts()), ETIMEDOUT);
}

TEST_F(Guest, StartsNoMoreWhenItsTimeIsUpBefore) {
    on(TimeIsUp{});
    EXPECT_THAT(said_, ElementsAre("the machine has had its time (--timeout)", "--timeout: the machine does not start"));
    EXPECT_EQ(killed_, 0);
    EXPECT_EQ(verdict(supervisor_.facts()), ETIMEDOUT);
}

TEST_F(Guest, OnTimeIsNotLate) {
    start({.listener = "notify", .wait = true, .timeout = std::chrono::seconds(1)});
    on(GuestSaid{"READY", "1"});
    EXPECT_EQ(timer_.count(), 0);
    on(ReadyTimedOut{""});
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(Guest, MayLoseAHelperOnceItIsReady) {
    start({.listener = "notify", .wait = true, .timeout = {}});
    on(HelperStarted{});
    on(GuestSaid{"READY", "1"});
    on(HelperEnded{
        .id = "vsock", .name = "vsock", .critical = Critical::until_ready, .end = {.signalled = true, .code = 9}, .last_words = ""});
    EXPECT_THAT(said_, ElementsAre("vsock was killed by SIGKILL"));
    EXPECT_EQ(killed_, 0);
    EXPECT_EQ(end(), 0);
}

}  // namespace
}  // namespace vmspawn
