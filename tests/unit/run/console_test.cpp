// Bytes between a caller and a guest. The guest's side is a pseudo terminal whose slave the test holds.
#include "run/console.hpp"

#include "run/channels.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string read_some(int fd) {
    std::string text(1 << 20, '\0');
    const ssize_t size = read(fd, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

void write_text_to(int fd, std::string_view text) {
    ASSERT_EQ(write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

class Consoles : public testing::Test {
protected:
    void SetUp() override { fcntl(output_.reader.get(), F_SETFL, O_NONBLOCK); }

    void start(ConsoleKind kind, int input, int output) {
        console_ = std::make_unique<ConsoleLink>(loop_, messages_, kind,
                                                 ConsoleEnds{.input = input, .output = output, .master = guest_.master.get()},
                                                 ConsoleLink::Handlers{.typed = [this](HotKey) { log_.emplace_back("escape"); },
                                                                       .hang_up = [this] { log_.emplace_back("hang up"); }});
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
    write_text_to(input_.writer.get(), "typed\x03\n");
    EXPECT_EQ(heard(7), "typed\x03\n");
    write_text_to(guest_.slave.get(), "shown\r\n");
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(read_some(output_.reader.get()), "shown\r\n");
}

TEST_F(Consoles, ReadOnlyLeavesTheInputAlone) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    write_text_to(input_.writer.get(), "typed");
    write_text_to(guest_.slave.get(), "shown");
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(read_some(output_.reader.get()), "shown");
    EXPECT_EQ(read_some(input_.reader.get()), "typed");
}

TEST_F(Consoles, KeysEndItButNotATransparentOne) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    write_text_to(input_.writer.get(), "\x1d\x1d\x1d");
    turn_until([&] { return !log_.empty(); });
    EXPECT_THAT(log_, ElementsAre("escape"));
    EXPECT_EQ(heard(3), "\x1d\x1d\x1d");
    log_.clear();
    console_.reset();
    start(ConsoleKind::transparent, input_.reader.get(), output_.writer.get());
    write_text_to(input_.writer.get(), "\x1d\x1d\x1d");
    EXPECT_EQ(heard(3), "\x1d\x1d\x1d");
    EXPECT_THAT(log_, IsEmpty());
}

TEST_F(Consoles, EndOfInputEndsOnlyTheTyping) {
    start(ConsoleKind::interactive, input_.reader.get(), output_.writer.get());
    write_text_to(input_.writer.get(), "last words");
    input_.writer.reset();
    EXPECT_EQ(heard(10), "last words");
    write_text_to(guest_.slave.get(), "still here");
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
    write_text_to(guest_.slave.get(), std::string(2000, 'x'));
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
        write_text_to(guest_.slave.get(), std::string(1000, 'x'));
        ASSERT_TRUE(loop_.turn());
    }
    EXPECT_THAT(log_, IsEmpty()) << "a pipe that closes is no terminal that closes";
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_TRUE(done);
}

TEST_F(Consoles, FinishWritesWhatIsLeft) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    write_text_to(guest_.slave.get(), "the end");
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_TRUE(done);
    EXPECT_EQ(read_some(output_.reader.get()), "the end");
}

TEST_F(Consoles, AbandonedOutputIsDone) {
    start(ConsoleKind::read_only, input_.reader.get(), output_.writer.get());
    fcntl(output_.writer.get(), F_SETPIPE_SZ, 4096);
    for (int i = 0; i < 20; ++i) {
        write_text_to(guest_.slave.get(), std::string(1000, 'x'));
        const EventSource tick = loop_.on_timer(std::chrono::milliseconds(1), [] {});
        ASSERT_TRUE(loop_.turn());
    }
    bool done = false;
    console_->finish([&] { done = true; });
    EXPECT_FALSE(done) << "the pipe is full and nobody reads";
    console_->abandon();
    EXPECT_TRUE(done);
}

TEST_F(Consoles, TerminalIsRawMeanwhileAndItsEndIsAHangUp) {
    Fd master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    unlockpt(master.get());
    const Fd terminal(open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    start(ConsoleKind::interactive, terminal.get(), terminal.get());
    write_text_to(master.get(), "\x03");
    EXPECT_EQ(heard(1), "\x03");
    write_text_to(guest_.slave.get(), "prompt> ");
    std::string shown(8, '\0');
    turn_until([&] { return log_.empty(); });
    ASSERT_TRUE(loop_.turn());
    ASSERT_EQ(read(master.get(), shown.data(), shown.size()), 8);
    EXPECT_EQ(shown, "prompt> ");
    master.reset();
    turn_until([&] { return !log_.empty(); });
    EXPECT_EQ(log_.front(), "hang up");
}

}  // namespace
}  // namespace vmspawn::test
