// The caller's terminal is a pseudo terminal of the test; it must come back as it was on every way out.
#include "run/terminal.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ADDRESS_SANITIZER
#endif
#endif

namespace vmspawn::test {
namespace {

class RawTerminals : public testing::Test {
protected:
    void SetUp() override {
        master_ = Fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        unlockpt(master_.get());
        slave_ = Fd(open(ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_TRUE(slave_);
        ASSERT_FALSE(is_raw());
    }

    [[nodiscard]] bool is_raw() const {
        termios settings{};
        tcgetattr(slave_.get(), &settings);
        return (settings.c_lflag & (ICANON | ECHO | ISIG)) == 0 && (settings.c_oflag & OPOST) == 0;
    }

    /// How a child ends that makes the terminal raw and then does `what`.
    int end_of(void (*what)()) {
        const Fd quiet(open("/dev/null", O_WRONLY | O_CLOEXEC));  // for what a sanitizer has to say
        const pid_t pid = run_in_child(slave_.get(), 1, quiet.get(), [what] {
            const RawTerminal raw(0);
            dprintf(0, "raw");
            what();
            return 0;
        });
        std::string text(3, '\0');
        EXPECT_EQ(read(master_.get(), text.data(), 3), 3);
        return wait_for(pid);
    }

    Fd master_;
    Fd slave_;
};

TEST_F(RawTerminals, IsRawWhileItLives) {
    {
        RawTerminal raw(slave_.get());
        EXPECT_TRUE(raw.active());
        EXPECT_TRUE(is_raw());
    }
    EXPECT_FALSE(is_raw());
}

TEST_F(RawTerminals, CanBeRefreshed) {
    termios before{};
    tcgetattr(slave_.get(), &before);
    RawTerminal raw(slave_.get());
    tcsetattr(slave_.get(), TCSANOW, &before);
    raw.refresh();
    EXPECT_TRUE(is_raw());
}

TEST_F(RawTerminals, OtherFilesAreLeftAlone) {
    const Pipe pipe = make_pipe();
    const RawTerminal raw(pipe.reader.get());
    EXPECT_FALSE(raw.active());
}

TEST_F(RawTerminals, OnlyOneAtATime) {
    const RawTerminal first(slave_.get());
    {
        const RawTerminal second(slave_.get());
        EXPECT_FALSE(second.active());
    }
    EXPECT_TRUE(is_raw()) << "the first one still is";
}

TEST_F(RawTerminals, HandlersAreThoseOfBeforeAgain) {
    struct sigaction before {};
    struct sigaction after {};
    sigaction(SIGSEGV, nullptr, &before);
    { const RawTerminal raw(slave_.get()); }
    sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST_F(RawTerminals, SurvivesNothingButIsRestored) {
    struct Way {
        int number;
        void (*send)();
    };
    for (const Way& way : {Way{SIGSEGV, [] { raise(SIGSEGV); }}, Way{SIGABRT, [] { abort(); }}, Way{SIGBUS, [] { raise(SIGBUS); }},
                           Way{SIGFPE, [] { raise(SIGFPE); }}, Way{SIGILL, [] { raise(SIGILL); }}, Way{SIGQUIT, [] { raise(SIGQUIT); }},
                           Way{SIGUSR1, [] { raise(SIGUSR1); }}, Way{SIGALRM, [] { raise(SIGALRM); }}}) {
        const int end = end_of(way.send);
#ifndef WITH_ADDRESS_SANITIZER  // which has handlers of its own below ours
        EXPECT_EQ(end, 1000 + way.number) << "the signal still does its work";
#else
        EXPECT_NE(end, 0);
#endif
        EXPECT_FALSE(is_raw()) << "after signal " << way.number;
    }
}

/// What the terminal gets when a child ends that makes no terminal raw and does `what`.
std::string farewell_before(int master, int slave, void (*what)()) {
    const Fd quiet(open("/dev/null", O_WRONLY | O_CLOEXEC));
    const pid_t pid = run_in_child(slave, slave, quiet.get(), [what] {
        const RawTerminal raw(-1, {1, "bye"});
        what();
        return 0;
    });
    wait_for(pid);
    std::string text(16, '\0');
    fcntl(master, F_SETFL, O_NONBLOCK);
    pollfd file{master, POLLIN, 0};
    poll(&file, 1, 10'000);  // the kernel hands it over a moment after the write
    const ssize_t size = read(master, text.data(), text.size());
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
}

TEST_F(RawTerminals, SayTheirFarewellOnEveryWayOut) {
    EXPECT_EQ(farewell_before(master_.get(), slave_.get(), [] {}), "bye");
    EXPECT_EQ(farewell_before(master_.get(), slave_.get(), [] { raise(SIGSEGV); }), "bye");
    EXPECT_EQ(farewell_before(master_.get(), slave_.get(), [] { abort(); }), "bye");
}

TEST_F(RawTerminals, AStoppedTerminalKeepsNobody) {
    fcntl(slave_.get(), F_SETFL, O_NONBLOCK);
    while (write(slave_.get(), std::string(4096, 'x').data(), 4096) > 0) {
    }
    fcntl(slave_.get(), F_SETFL, 0);
    { const RawTerminal raw(slave_.get(), {slave_.get(), "bye"}); }
    EXPECT_FALSE(is_raw());
}

#ifndef WITH_ADDRESS_SANITIZER
int overflow(int depth) {
    volatile char page[4096];
    page[0] = static_cast<char>(depth);
    return depth < 0 ? page[0] : overflow(depth + 1) + page[0];
}

TEST_F(RawTerminals, StackOverflowLeavesRoomToRestore) {
    EXPECT_EQ(end_of([] { overflow(0); }), 1000 + SIGSEGV);
    EXPECT_FALSE(is_raw());
}
#endif

}  // namespace
}  // namespace vmspawn::test
