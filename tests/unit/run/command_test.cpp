// A command in the guest: its streams, whose guest's side the test holds, and what its start and end mean for the machine.
#include "run/channels.hpp"
#include "run/command_link.hpp"
#include "run/supervisor.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Withheld, IsWhatMayBeTheEndOfAStream) {
    EXPECT_EQ(withheld(""), 0U);
    EXPECT_EQ(withheld("text"), 0U);
    EXPECT_EQ(withheld("text\036"), 1U);
    EXPECT_EQ(withheld("text\036\004vmspawn: end"), 14U);
    EXPECT_EQ(withheld("text\036\004vmspawn: end?"), 0U);
    EXPECT_EQ(withheld("text\036\036\004vm"), 4U);
    EXPECT_EQ(withheld("text" + std::string(end_of_stream)), end_of_stream.size());
    EXPECT_EQ(withheld(std::string(end_of_stream) + "t"), 0U) << "more comes: the command wrote that itself";
}

class CommandLinks : public testing::Test {
protected:
    void SetUp() override {
        std::signal(SIGPIPE, SIG_IGN);  // as the executor does
        for (const int fd : {output_.reader.get(), errors_.reader.get(), guest_input_.theirs.get(), guest_control_.theirs.get()})
            fcntl(fd, F_SETFL, O_NONBLOCK);
        start(input_.reader.get(), output_.writer.get());
    }
    void start(int input, int output) {
        link_.emplace(loop_, messages_,
                      CommandEnds{.input = guest_input_.ours.get(),
                                  .output = guest_output_.ours.get(),
                                  .errors = guest_errors_.ours.get(),
                                  .control = guest_control_.ours.get(),
                                  .terminal = isatty(output) == 1},
                      CallerStreams{.input = input, .output = output, .errors = errors_.writer.get()},
                      CommandLink::Handlers{.started = [this] { log_.emplace_back("started"); },
                                            .ended = [this](int status) { log_.push_back("ended " + std::to_string(status)); },
                                            .typed = [this](HotKey) { log_.emplace_back("keys"); }});
    }
    void turn_until(const std::function<bool()>& done) {
        bool late = false;
        const EventSource timer = loop_.on_timer(std::chrono::seconds(10), [&] { late = true; });
        while (!done() && !late)
            ASSERT_TRUE(loop_.turn());
        ASSERT_FALSE(late);
    }
    /// Turns the loop until that many bytes have come out at `fd`.
    std::string come(int fd, std::size_t size) {
        std::string text;
        turn_until([&] { return (text += read_some(fd)).size() >= size; });
        return text;
    }
    void end(int status) {
        write_to(guest_control_.theirs.get(), "ended " + std::to_string(status) + "\n");
        write_to(guest_output_.theirs.get(), end_of_stream);
        write_to(guest_errors_.theirs.get(), end_of_stream);
    }
    bool guest_may_go() {
        char byte = 0;
        return read(guest_control_.theirs.get(), &byte, 1) == 0;
    }

    EventLoop loop_;
    Messages messages_{RunOptions{}};
    SocketPair guest_input_ = *make_socket_pair(), guest_output_ = *make_socket_pair(), guest_errors_ = *make_socket_pair(),
               guest_control_ = *make_socket_pair();
    Pipe input_ = test::make_pipe(), output_ = test::make_pipe(), errors_ = test::make_pipe();
    std::vector<std::string> log_;
    std::optional<CommandLink> link_;
};

TEST_F(CommandLinks, CarryInputToItsEnd) {
    write_to(input_.writer.get(), "typed");
    EXPECT_EQ(come(guest_input_.theirs.get(), 5), "typed");
    input_.writer.reset();
    char byte = 0;
    turn_until([&] { return read(guest_input_.theirs.get(), &byte, 1) == 0; });
}

TEST_F(CommandLinks, KeepOutputAndErrorsApart) {
    write_to(guest_output_.theirs.get(), "out");
    write_to(guest_errors_.theirs.get(), "err");
    EXPECT_EQ(come(output_.reader.get(), 3), "out");
    EXPECT_EQ(come(errors_.reader.get(), 3), "err");
}

TEST_F(CommandLinks, EndWhenStatusAndStreamsHaveCome) {
    write_to(guest_control_.theirs.get(), "started\nended 42\n");
    write_to(guest_output_.theirs.get(), "out" + std::string(end_of_stream));
    EXPECT_EQ(come(output_.reader.get(), 3), "out");
    turn_until([&] { return !log_.empty(); });
    EXPECT_THAT(log_, ElementsAre("started"));
    EXPECT_FALSE(guest_may_go());
    write_to(guest_errors_.theirs.get(), end_of_stream);
    turn_until([&] { return log_.size() == 2; });
    EXPECT_THAT(log_, ElementsAre("started", "ended 42"));
    EXPECT_TRUE(guest_may_go());
    EXPECT_EQ(read_some(output_.reader.get()) + read_some(errors_.reader.get()), "") << "the ends of the streams are not the command's";
}

TEST_F(CommandLinks, HoldNothingBackThatIsNoEnd) {
    write_to(guest_output_.theirs.get(), std::string(end_of_stream) + "and more\036");
    EXPECT_EQ(come(output_.reader.get(), end_of_stream.size() + 8), std::string(end_of_stream) + "and more");
    write_to(guest_output_.theirs.get(), "\004");
    write_to(guest_output_.theirs.get(), "x");
    EXPECT_EQ(come(output_.reader.get(), 3), "\036\004x");
}

TEST_F(CommandLinks, ShowWhatAGuestThatWentLeft) {
    write_to(guest_output_.theirs.get(), "half\036\004vm");
    for (SocketPair* pair : {&guest_input_, &guest_output_, &guest_errors_, &guest_control_})
        pair->theirs.reset();
    bool done = false;
    link_->finish([&] { done = true; });
    turn_until([&] { return done; });
    EXPECT_EQ(read_some(output_.reader.get()), "half\036\004vm");
    EXPECT_THAT(log_, IsEmpty());
}

TEST_F(CommandLinks, LearnTheEndFromAGuestThatWent) {
    end(3);
    for (SocketPair* pair : {&guest_input_, &guest_output_, &guest_errors_, &guest_control_})
        pair->theirs.reset();
    bool done = false;
    link_->finish([&] { done = true; });
    turn_until([&] { return done; });
    EXPECT_THAT(log_, ElementsAre("ended 3"));
}

TEST_F(CommandLinks, LetTheCommandWaitForASlowReader) {
    const std::string block(1 << 16, 'x');
    fcntl(guest_output_.theirs.get(), F_SETFL, O_NONBLOCK);
    std::size_t sent = 0;
    for (int idle = 0; idle < 3;) {
        const ssize_t size = write(guest_output_.theirs.get(), block.data(), block.size());
        sent += size > 0 ? static_cast<std::size_t>(size) : 0;
        idle = size > 0 ? 0 : idle + 1;
        const EventSource timer = loop_.on_timer(std::chrono::milliseconds(20), [] {});
        ASSERT_TRUE(loop_.turn());
    }
    EXPECT_LT(sent, std::size_t{4} << 20);
    EXPECT_EQ(come(output_.reader.get(), sent).size(), sent);
}

TEST_F(CommandLinks, MakeTheCallersTerminalRawWhileTheCommandHasOne) {
    const Fd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(unlockpt(master.get()), 0);
    const Fd terminal(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{.ws_row = 33, .ws_col = 99, .ws_xpixel = 0, .ws_ypixel = 0};
    ASSERT_EQ(ioctl(master.get(), TIOCSWINSZ, &size), 0);
    const auto is_raw = [&] {
        termios now{};
        tcgetattr(terminal.get(), &now);
        return (now.c_lflag & ICANON) == 0;
    };
    link_.reset();
    start(terminal.get(), terminal.get());
    write_to(guest_control_.theirs.get(), "started terminal\n");
    turn_until([&] { return !log_.empty(); });
    EXPECT_TRUE(is_raw());
    EXPECT_EQ(read_some(guest_control_.theirs.get()), "size 33 99\nsize 33 99\n");
    write_to(master.get(), "\003\x1d\x1d\x1d");
    EXPECT_EQ(come(guest_input_.theirs.get(), 4), "\003\x1d\x1d\x1d");
    EXPECT_THAT(log_, ElementsAre("started", "keys"));
    end(0);
    turn_until([&] { return log_.size() == 3; });
    EXPECT_FALSE(is_raw());
}

TEST_F(CommandLinks, PassSignalsAndTheLossOfAReader) {
    link_->send_signal(SIGTERM);
    EXPECT_EQ(read_some(guest_control_.theirs.get()), "TERM\n");
    output_.reader.reset();
    write_to(guest_output_.theirs.get(), "nobody reads");
    EXPECT_EQ(come(guest_control_.theirs.get(), 5), "PIPE\n");
}

class CommandMachine : public testing::Test {
protected:
    void SetUp() override {
        on(QemuStarted{});
        on(QemuGreeted{});
    }
    void on(const Event& event) {
        for (const Command& command : supervisor_.on(event)) {
            if (const auto* signal = std::get_if<SignalCommand>(&command))
                log_.push_back("signal " + std::to_string(signal->signal));
            if (const auto* qmp = std::get_if<SendQmp>(&command))
                log_.push_back(qmp->command);
            if (const auto* kill = std::get_if<KillQemu>(&command))
                log_.push_back("kill " + std::to_string(kill->signal));
            if (const auto* say = std::get_if<Say>(&command); say && say->kind == Say::Kind::error)
                said_.push_back(say->text + (say->detail.empty() ? "" : " | " + say->detail));
        }
    }
    int power_off() {
        on(QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true});
        on(QemuEnded{{}, "", "last line"});
        return verdict(supervisor_.facts());
    }

    Supervisor supervisor_{StopLadder{}, {}, true};
    std::vector<std::string> log_, said_;
};

TEST_F(CommandMachine, EndsWithTheCommandAndItsStatus) {
    on(CommandStarted{});
    on(CommandEnded{42});
    EXPECT_THAT(log_, ElementsAre("system_powerdown"));
    on(TimeIsUp{});
    on(GuestSaid{"EXIT_STATUS", "7"});
    EXPECT_EQ(power_off(), 42);
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(CommandMachine, KeepsTheStatusWhenTheGuestHangs) {
    on(CommandStarted{});
    on(CommandEnded{0});
    on(TimerFired{});
    on(QemuEnded{{.signalled = true, .code = SIGTERM}, ""});
    EXPECT_EQ(verdict(supervisor_.facts()), 0);
}

TEST_F(CommandMachine, NeverClaimsSuccessWithoutACommand) {
    EXPECT_EQ(power_off(), EIO);
    EXPECT_THAT(said_, ElementsAre("the guest powered off without running the command | the end of its console:\nlast line"));
}

TEST_F(CommandMachine, NeverClaimsSuccessOfACommandThatPowersOff) {
    on(CommandStarted{});
    EXPECT_EQ(power_off(), EIO);
    EXPECT_THAT(said_, ElementsAre("the guest powered off before the command had ended | the end of its console:\nlast line"));
}

TEST_F(CommandMachine, ShowsTheConsoleOfAPanic) {
    on(CommandStarted{});
    on(QmpEvent{.name = "GUEST_PANICKED", .reason = "poweroff"});
    EXPECT_EQ(power_off(), 255);
    EXPECT_THAT(said_, ElementsAre("the guest panicked before the command had ended | the end of its console:\nlast line"));
}

TEST_F(CommandMachine, RunsTheCommandOnce) {
    on(QmpEvent{.name = "RESET", .reason = "guest-reset", .guest = true});
    EXPECT_THAT(said_, IsEmpty());
    on(CommandStarted{});
    on(QmpEvent{.name = "RESET", .reason = "guest-reset", .guest = true});
    EXPECT_THAT(said_, ElementsAre("the guest restarted while the command ran"));
    on(QemuEnded{{.signalled = true, .code = SIGTERM}, ""});
    EXPECT_EQ(verdict(supervisor_.facts()), EIO);
}

TEST_F(CommandMachine, PassesTheFirstSignalOn) {
    on(CommandStarted{});
    on(Signalled{SIGINT});
    EXPECT_THAT(log_, ElementsAre("signal 2"));
    on(CommandEnded{130});
    EXPECT_EQ(power_off(), 130);
}

TEST_F(CommandMachine, EndsAtTheSecondSignal) {
    on(CommandStarted{});
    on(Signalled{SIGTERM});
    on(Signalled{SIGHUP});
    on(Signalled{SIGTERM});
    EXPECT_THAT(log_, ElementsAre("signal 15", "system_powerdown"));
    EXPECT_EQ(power_off(), 143);
    EXPECT_THAT(said_, IsEmpty());
}

TEST_F(CommandMachine, HasNobodyToSignalBeforeTheCommandRuns) {
    on(Signalled{SIGTERM});
    EXPECT_THAT(log_, ElementsAre("system_powerdown"));
    EXPECT_EQ(power_off(), 143);
}

TEST_F(CommandMachine, PowersOffForTheServiceManager) {
    on(CommandStarted{});
    on(Signalled{SIGTERM, "systemd"});
    EXPECT_THAT(log_, ElementsAre("system_powerdown"));
}

}  // namespace
}  // namespace vmspawn::test
