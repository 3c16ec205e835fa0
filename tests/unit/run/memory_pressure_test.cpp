// That memory runs short is heard as the service manager says.
#include "run/memory_pressure.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

class Pressure : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(mkfifo(path().c_str(), 0600), 0); }
    void TearDown() override {
        unsetenv("MEMORY_PRESSURE_WATCH");
        unsetenv("MEMORY_PRESSURE_WRITE");
    }
    [[nodiscard]] std::string path() const { return (directory_.path() / "pressure").string(); }

    TemporaryDirectory directory_;
    EventLoop loop_;
    int heard_ = 0;
};

TEST_F(Pressure, EachNewsIsHeardOnce) {
    setenv("MEMORY_PRESSURE_WATCH", path().c_str(), 1);
    const MemoryPressure pressure(loop_, [this] { ++heard_; });
    const Fd news(open(path().c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(write(news.get(), "abc", 3), 3);
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(heard_, 1);
    ASSERT_EQ(write(news.get(), "d", 1), 1);
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(heard_, 2);
}

TEST_F(Pressure, WhatIsToBeWrittenFirstIs) {
    setenv("MEMORY_PRESSURE_WATCH", path().c_str(), 1);
    setenv("MEMORY_PRESSURE_WRITE", "c29tZQ==", 1);
    const Fd reader(open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const MemoryPressure pressure(loop_, [this] { ++heard_; });
    char bytes[10];
    ASSERT_EQ(read(reader.get(), bytes, sizeof bytes), 4);
    EXPECT_EQ(std::string_view(bytes, 4), "some");
}

TEST_F(Pressure, WhatCannotBeWatchedIsNot) {
    for (const char* what : {"/dev/null", "/nonexistent", "/dev"}) {
        setenv("MEMORY_PRESSURE_WATCH", what, 1);
        const MemoryPressure pressure(loop_, [this] { ++heard_; });
        bool over = false;
        const EventSource timer = loop_.on_timer(std::chrono::milliseconds(1), [&] { over = true; });
        while (!over)
            ASSERT_TRUE(loop_.turn()) << what;
    }
    EXPECT_EQ(heard_, 0);
}

}  // namespace
}  // namespace vmspawn::test
