// Bytes between a caller and a guest. The guest's side is a pseudo terminal whose slave the test holds.
#include "run/console.hpp"

#include "run/channels.hpp"
#include "run/waiting_writes.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Consoles : public testing::Test {
protected:
    void SetUp() override { fcntl(output_.reader.get(), F_SETFL, O_NONBLOCK); }

    void start(ConsoleKind kind, int input, int output, const Decoration& decoration = {}) {
        console_ = std::make_unique<ConsoleLink>(loop_, messages_, kind,
                                                 ConsoleEnds{.input = input, .output = output, .master = guest_.master.get()},
                                                 ConsoleLink::Handlers{.typed = [this](HotKey) { log_.emplace_back("escape"); },
                                                                       .hang_up = [this] { log_.emplace_back("hang up"); }},
                                                 decoration);
    }
    /// Turns the loop until `done`.
    void turn_until(const std::function<bool()>& done) {
        bool late = false;
        const EventSource timer = loop_.on_timer(std::chrono::seconds(10), [&] { late = true; });
        while (!done() && !late)
            ASSERT_TRUE(loop_.turn());
        ASSERT_FALSE(late);
    }
    /// What the guest hears until it has heard `size` bytes.
    std::string heard(std::size_t size) {
        std::string text;
        const Fd reader(dup(guest_.slave.get()));
        const EventSource source = loop_.on_io(reader.get(), 1, [&](std::uint32_t) { text += read_some(reader.get()); });
        turn_until([&] { return text.size() >= size; });
        return text;
    }

    EventLoop loop_;
    Messages messages_{RunOptions{}};
    PseudoTerminal guest_ = *make_pseudo_terminal();
    Pipe input_ = make_pipe();
    Pipe output_ = make_pipe();
    std::vector<std::string> log_;
    std::unique_ptr<ConsoleLink> console_;
};

TEST_F(Consoles, CarriesBytesBothWays) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    write_to(input_.writer.get(), "typed\x03\n");
    EXPECT_EQ(heard(7), "typed\x03\n");
    write_to(guest_.slave.get(), "shown\r\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(read_some(output_.reader.get()), "shown\r\n");
}

TEST_F(Consoles, ReadOnlyLeavesTheInputAlone) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    write_to(input_.writer.get(), "typed");
    write_to(guest_.slave.get(), "shown");
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(read_some(output_.reader.get()), "shown");
    EXPECT_EQ(read_some(input_.reader.get()), "typed");
}

TEST_F(Consoles, KeysEndItButNotATransparentOne) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    write_to(input_.writer.get(), "\x1d\x1d\x1d");
    turn_until([&] { return !log_.empty(); });
    EXPECT_THAT(log_, ElementsAre("escape"));
    EXPECT_EQ(heard(3), "\x1d\x1d\x1d");
    log_.clear();
    console_.reset();
    start(ConsoleKind::transparent, input_.reader.get(), output_.writer.get());
    write_to(input_.writer.get(), "\x1d\x1d\x1d");
    EXPECT_EQ(heard(3), "\x1d\x1d\x1d");
    EXPECT_THAT(log_, IsEmpty());
}

TEST_F(Consoles, EndOfInputEndsOnlyTheTyping) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    write_to(input_.writer.get(), "last words");
    input_.writer.reset();
    EXPECT_EQ(heard(10), "last words");
    write_to(guest_.slave.get(), "still here");
    std::string shown;
    turn_until([&] { return !(shown = read_some(output_.reader.get())).empty(); });
    EXPECT_EQ(shown, "still here");
    EXPECT_THAT(log_, IsEmpty());
}

TEST_F(Consoles, FilesServeAsInputAndOutput) {
    const TemporaryDirectory directory;
    write_text(directory.path() / "input", "from a file");
    const Fd input(open((directory.path() / "input").c_str(), O_RDONLY | O_CLOEXEC));
    const Fd output(open((directory.path() / "output").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    start(ConsoleKind::interactive, input.get(), output.get());
    EXPECT_EQ(heard(11), "from a file");
    write_to(guest_.slave.get(), std::string(2000, 'x'));
    bool done = false;
    console_->finish([&] { done = true; });
    turn_until([&] { return done; });
    EXPECT_EQ(read_text(directory.path() / "output").size(), 2000U);
}

TEST_F(Consoles, CallersFlagsStayAsTheyWere) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    EXPECT_EQ(fcntl(input_.reader.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(fcntl(output_.writer.get(), F_GETFL) & O_NONBLOCK, 0);
}

// A reader that takes its time: every byte arrives, in order, and the loop is never stuck in a write.
void slow_reader_gets_all(EventLoop& loop, ConsoleLink& console, int slave, int reader) {
    fcntl(slave, F_SETFL, fcntl(slave, F_GETFL) | O_NONBLOCK);
    std::string sent;
    std::string got;
    const std::size_t total = 400'000;
    const Fd slave_again(dup(slave));
    EventSource guest = loop.on_io(slave_again.get(), 4, [&](std::uint32_t) {
        std::string piece;
        for (std::size_t i = 0; i < 1000; ++i)
            piece += static_cast<char>('a' + (sent.size() + i) % 23);
        const ssize_t size = write(slave, piece.data(), piece.size());
        sent += piece.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0);
    });
    int turns = 0;
    bool done = false;
    while (!done) {
        // Without a reader the loop comes to rest: a timer keeps it turning.
        const EventSource tick = loop.on_timer(std::chrono::milliseconds(1), [] {});
        ASSERT_TRUE(loop.turn());
        if (++turns % 50 == 0)
            got += read_some(reader);
        if (sent.size() >= total && guest) {
            guest = EventSource();
            console.finish([&] { done = true; });
        }
    }
    while (got.size() < sent.size())
        got += read_some(reader);
    EXPECT_EQ(got, sent);
}

TEST_F(Consoles, SlowPipeGetsAll) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    slow_reader_gets_all(loop_, *console_, guest_.slave.get(), output_.reader.get());
}

TEST_F(Consoles, SlowSocketGetsAll) {
    SocketPair pair = *make_socket_pair();
    start(ConsoleKind::read_only, input_.reader.get(), pair.theirs.get());
    slow_reader_gets_all(loop_, *console_, guest_.slave.get(), pair.ours.get());
}

TEST_F(Consoles, LostReaderDoesNotStopTheGuest) {
    signal(SIGPIPE, SIG_IGN);
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    output_.reader.reset();
    fcntl(guest_.slave.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    for (int i = 0; i < 100; ++i) {
        write_to(guest_.slave.get(), std::string(1000, 'x'));
        ASSERT_TRUE(loop_.turn());
    }
    EXPECT_THAT(log_, IsEmpty()) << "a pipe that closes is no terminal that closes";
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_TRUE(done);
}

TEST_F(Consoles, FinishWritesWhatIsLeft) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    write_to(guest_.slave.get(), "the end");
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_EQ(read_some(output_.reader.get()), "the end");
}

TEST_F(Consoles, AbandonedOutputIsDone) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    fcntl(output_.writer.get(), F_SETPIPE_SZ, 4096);
    for (int i = 0; i < 20; ++i) {
        write_to(guest_.slave.get(), std::string(1000, 'x'));
        const EventSource tick = loop_.on_timer(std::chrono::milliseconds(1), [] {});
        ASSERT_TRUE(loop_.turn());
    }
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_FALSE(done) << "the pipe is full and nobody reads";
    console_->abandon();
    EXPECT_TRUE(done);
}

TEST_F(Consoles, AGuestThatIsToEndIsNotHeldBack) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    console_->wait_for_nobody();
    fcntl(guest_.slave.get(), F_SETFL, O_RDWR | O_NONBLOCK);
    std::size_t taken = 0;
    const std::string piece(4000, 'x');
    while (taken < 3'000'000) {  // far more than the pipe and we hold
        const ssize_t size = write(guest_.slave.get(), piece.data(), piece.size());
        taken += size > 0 ? static_cast<std::size_t>(size) : 0;
        ASSERT_TRUE(loop_.turn());
    }
    bool done = false;
    console_->finish([&] { done = true; });
    console_->abandon();
    EXPECT_TRUE(done);
}

TEST_F(Consoles, ACallerWhoLeftHoldsNobodyBack) {
    std::string spoken;
    console_ = std::make_unique<ConsoleLink>(
        loop_, messages_, ConsoleKind::interactive,
        ConsoleEnds{.input = input_.reader.get(), .output = output_.writer.get(), .master = guest_.master.get()},
        ConsoleLink::Handlers{.typed = [](HotKey) {}, .hang_up = [] {}, .spoke = [&](std::string_view bytes) { spoken += bytes; }});
    write_to(guest_.slave.get(), "seen");
    turn_until([&] { return spoken == "seen"; });
    EXPECT_EQ(read_some(output_.reader.get()), "seen");
    console_->leave_caller();
    write_to(input_.writer.get(), "not typed");
    console_->type("typed elsewhere");
    EXPECT_EQ(heard(15), "typed elsewhere");
    write_to(guest_.slave.get(), "unseen");
    turn_until([&] { return spoken == "seenunseen"; });
    EXPECT_EQ(read_some(output_.reader.get()), "");
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_TRUE(done);
}

TEST_F(Consoles, WritesOfAChildWaitForRoom) {
    const Fd theirs(open(guest_.path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    const pid_t pid = run_in_child(theirs.get(), 1, 2, [] {
        const std::string piece(4000, 'x');
        std::size_t left = 1'000'000;
        while (left > 0) {
            const ssize_t size = write(0, piece.data(), std::min(piece.size(), left));
            if (size < 0 && errno != EAGAIN)
                return 1;
            left -= size > 0 ? static_cast<std::size_t>(size) : 0;
        }
        return 0;
    });
    pollfd first{.fd = guest_.master.get(), .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&first, 1, 10'000), 1) << "from now on it closes no descriptors";
    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    EXPECT_NE(fcntl(theirs.get(), F_GETFL) & O_NONBLOCK, 0);
    pollfd begun{guest_.master.get(), POLLIN, 0};  // before, the child may still be arranging its descriptors
    ASSERT_EQ(poll(&begun, 1, 10000), 1);
    let_writes_wait(pidfd.get(), pid, guest_.master.get());
    EXPECT_EQ(fcntl(theirs.get(), F_GETFL) & O_NONBLOCK, 0) << "the child's is the same open file";
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    std::size_t got = 0;
    const Fd again(dup(output_.reader.get()));
    const EventSource source = loop_.on_io(again.get(), 1, [&](std::uint32_t) { got += read_some(again.get()).size(); });
    turn_until([&] { return got == 1'000'000; });
    EXPECT_EQ(wait_for(pid), 0);
}

TEST_F(Consoles, TerminalIsRawMeanwhileAndItsEndIsAHangUp) {
    Fd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    unlockpt(master.get());
    const Fd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    start(ConsoleKind::interactive, terminal.get(), terminal.get());
    write_to(master.get(), "\x03");
    EXPECT_EQ(heard(1), "\x03");
    write_to(guest_.slave.get(), "prompt> ");
    std::string shown(8, '\0');
    turn_until([&] { return log_.empty(); });
    ASSERT_TRUE(loop_.turn());
    ASSERT_EQ(read(master.get(), shown.data(), shown.size()), 8);
    EXPECT_EQ(shown, "prompt> ");
    master.reset();
    turn_until([&] { return !log_.empty(); });
    EXPECT_EQ(log_.front(), "hang up");
}

class Terminals : public Consoles {
protected:
    void SetUp() override {
        unlockpt(master_.get());
        terminal_ = Fd(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        fcntl(master_.get(), F_SETFL, O_NONBLOCK);
    }
    /// What the terminal shows, as soon as that has `text`.
    std::string shown_until(const std::string& text) {
        std::string shown;
        const Fd again(dup(master_.get()));
        const EventSource source = loop_.on_io(again.get(), 1, [&](std::uint32_t) { shown += read_some(again.get()); });
        turn_until([&] { return shown.find(text) != std::string::npos; });
        return shown;
    }

    Fd master_{posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    Fd terminal_;
};

TEST_F(Terminals, AreDecoratedAndPutBack) {
    start(ConsoleKind::interactive, terminal_.get(), terminal_.get(), {.opening = "<open>", .closing = "<close>", .background = "44"});
    write_to(guest_.slave.get(), "a\033[0mb");
    EXPECT_EQ(shown_until("b"), "<open>\033[44m\033[Ja\033[0m\033[44mb");
    console_.reset();
    EXPECT_EQ(shown_until("<close>"), "<close>");
}

TEST_F(Terminals, ReadOnlyOnesToo) {
    start(ConsoleKind::read_only, terminal_.get(), terminal_.get(), {.opening = "<open>", .closing = "<close>"});
    console_.reset();
    EXPECT_EQ(shown_until("<close>"), "<open><close>");
}

TEST_F(Terminals, OnlyTerminalsAreDecorated) {
    fcntl(output_.reader.get(), F_SETFL, O_NONBLOCK);
    start(ConsoleKind::interactive, terminal_.get(), output_.writer.get(),
          {.opening = "<open>", .closing = "<close>", .background = "44", .asks = true});
    write_to(guest_.slave.get(), "\033[0mb");
    ASSERT_TRUE(loop_.turn());
    console_.reset();
    EXPECT_EQ(read_some(output_.reader.get()), "\033[0mb");
}

TEST_F(Terminals, TintTheirOwnBackground) {
    start(ConsoleKind::interactive, terminal_.get(), terminal_.get(), {.closing = "<close>", .asks = true});
    EXPECT_EQ(shown_until("\\"), BackgroundAnswer::question);
    write_to(master_.get(), "typed\033]11;rgb:0000/0000/0000\033\\more");
    EXPECT_EQ(heard(9), "typedmore");
    write_to(guest_.slave.get(), "x");
    EXPECT_EQ(shown_until("x"), "\033[" + green_tint({}) + "m\033[Jx");
}

TEST_F(Terminals, AreAskedOnceWhereNothingIsTyped) {
    termios before{};
    tcgetattr(terminal_.get(), &before);
    start(ConsoleKind::read_only, terminal_.get(), terminal_.get(), {.closing = "<close>", .asks = true});
    EXPECT_EQ(shown_until("\\"), BackgroundAnswer::question);
    termios now{};
    tcgetattr(terminal_.get(), &now);
    EXPECT_EQ(now.c_lflag & (ICANON | ECHO | ISIG), tcflag_t{ISIG}) << "the answer is not shown, and the keys that send signals do";
    write_to(master_.get(), "typed\033]11;rgb:0000/0000/0000\033\\");
    turn_until([&] { return tcgetattr(terminal_.get(), &now) == 0 && now.c_lflag == before.c_lflag; });
    write_to(guest_.slave.get(), "x");
    EXPECT_EQ(shown_until("x"), "\033[" + green_tint({}) + "m\033[Jx");
}

TEST_F(Terminals, WhereNothingIsTypedAreAsTheyWereWhenNoAnswerComes) {
    termios before{};
    tcgetattr(terminal_.get(), &before);
    start(ConsoleKind::read_only, terminal_.get(), terminal_.get(), {.closing = "<close>", .asks = true});
    termios now{};
    turn_until([&] { return tcgetattr(terminal_.get(), &now) == 0 && now.c_lflag == before.c_lflag; });
    write_to(guest_.slave.get(), "x");
    EXPECT_EQ(shown_until("x"), std::string(BackgroundAnswer::question) + "x");
}

TEST_F(Terminals, AnEscapeThatIsTypedIsNoAnswer) {
    start(ConsoleKind::interactive, terminal_.get(), terminal_.get(), {.closing = "<close>", .asks = true});
    write_to(master_.get(), "\033");
    EXPECT_EQ(heard(1), "\033") << "held back for a moment only";
    write_to(master_.get(), "\033[A");
    EXPECT_EQ(heard(3), "\033[A");
}

TEST_F(Terminals, TellTheirSize) {
    winsize size{.ws_row = 40, .ws_col = 132, .ws_xpixel = 0, .ws_ypixel = 0};
    ioctl(master_.get(), TIOCSWINSZ, &size);
    start(ConsoleKind::interactive, terminal_.get(), terminal_.get());
    winsize seen{};
    ioctl(guest_.slave.get(), TIOCGWINSZ, &seen);
    EXPECT_EQ(seen.ws_row, 40);
    size.ws_col = 80;
    ioctl(master_.get(), TIOCSWINSZ, &size);
    raise(SIGWINCH);
    turn_until([&] { return ioctl(guest_.slave.get(), TIOCGWINSZ, &seen) == 0 && seen.ws_col == 80; });
}

}  // namespace
}  // namespace vmspawn::test
