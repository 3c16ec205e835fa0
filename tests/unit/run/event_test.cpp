// What is watched ends with its owner, at once.
#include "run/event.hpp"

#include "run/channels.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/epoll.h>
#include <unistd.h>

namespace vmspawn {
namespace {

TEST(Event, ADescriptorOfTheSameNumberIsWatchedAnew) {
    EventLoop loop;
    SocketPair first = *make_socket_pair();
    SocketPair second = *make_socket_pair();
    const int number = first.ours.get();
    bool heard = false;
    EventSource source = loop.on_io(number, EPOLLIN, [&](std::uint32_t) {
        source = EventSource();
        first.ours.reset();
        ASSERT_EQ(dup2(second.ours.get(), number), number);
        second.ours.reset();
        first.ours = Fd(number);
        source = loop.on_io(number, EPOLLIN, [&](std::uint32_t) { heard = true; });
    });
    ASSERT_EQ(write(first.theirs.get(), "a", 1), 1);
    ASSERT_TRUE(loop.turn());
    ASSERT_EQ(write(second.theirs.get(), "b", 1), 1);
    bool late = false;
    const EventSource timer = loop.on_timer(std::chrono::seconds(10), [&] { late = true; });
    while (!heard && !late)
        ASSERT_TRUE(loop.turn());
    EXPECT_TRUE(heard);
}

TEST(Event, WhoIgnoresAHangUpIsNotEndedByIt) {
    EXPECT_EQ(ending_signals(), (std::vector{SIGTERM, SIGINT, SIGHUP}));
    struct sigaction ignore {
    }, before{};
    ignore.sa_handler = SIG_IGN;
    ASSERT_EQ(sigaction(SIGHUP, &ignore, &before), 0);
    EXPECT_EQ(ending_signals(), (std::vector{SIGTERM, SIGINT}));
    ASSERT_EQ(sigaction(SIGHUP, &before, nullptr), 0);
}

}  // namespace
}  // namespace vmspawn
