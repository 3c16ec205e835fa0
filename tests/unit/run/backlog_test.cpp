// Bytes that wait, in memory and in a file.
#include "run/backlog.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <sys/resource.h>

namespace vmspawn::test {
namespace {

std::string pattern(std::size_t size, std::size_t from = 0) {
    std::string bytes(size, ' ');
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<char>('a' + (from + i) % 23);
    return bytes;
}

/// All of them, a few at a time.
std::string taken(Backlog& backlog) {
    std::string all;
    while (!backlog.empty()) {
        const std::string_view first = backlog.front().substr(0, 4711);
        EXPECT_FALSE(first.empty());
        all += first;
        backlog.drop(first.size());
    }
    return all;
}

TEST(Backlog, GivesBackInTurnWhatLiesInMemoryAndInTheFile) {
    const std::string bytes = pattern(3 * Backlog::most_in_memory + 5);
    Backlog backlog;
    for (std::size_t at = 0; at < bytes.size(); at += 10000)
        backlog.add(std::string_view(bytes).substr(at, 10000));
    EXPECT_EQ(backlog.size(), bytes.size());
    EXPECT_FALSE(backlog.is_full());
    EXPECT_EQ(taken(backlog), bytes);
    EXPECT_TRUE(backlog.front().empty());
}

TEST(Backlog, TakesMoreWhileItIsRead) {
    constexpr std::size_t step = 30000;
    Backlog backlog;
    std::string all;
    std::size_t given = 0;
    for (int round = 0; round < 200; ++round) {
        backlog.add(pattern(step, given));
        given += step;
        const std::string_view first = backlog.front().substr(0, round < 100 ? 100 : 80000);
        all += first;
        backlog.drop(first.size());
        ASSERT_EQ(backlog.size(), given - all.size());
    }
    all += taken(backlog);
    EXPECT_EQ(all, pattern(given));
}

TEST(Backlog, IsFullWhenTheFileTakesNoMoreAndStillKeepsAll) {
    rlimit usual{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &usual), 0);
    rlimit little = usual;
    little.rlim_cur = 100000;
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &little), 0);
    const std::string bytes = pattern(Backlog::most_in_memory + 150000);
    Backlog backlog;
    backlog.add(std::string_view(bytes).substr(0, Backlog::most_in_memory));
    EXPECT_FALSE(backlog.is_full());
    backlog.add(std::string_view(bytes).substr(Backlog::most_in_memory));
    EXPECT_TRUE(backlog.is_full());
    setrlimit(RLIMIT_FSIZE, &usual);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(taken(backlog), bytes);
    EXPECT_FALSE(backlog.is_full());
}

}  // namespace
}  // namespace vmspawn::test
