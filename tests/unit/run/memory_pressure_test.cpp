// That memory runs short is heard as the service manager says.
#include "run/memory_pressure.hpp"

#include "support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
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

TEST_F(Pressure, SystemdMayAskForMemoryByASignal) {
    const MemoryPressure pressure(loop_, [this] { ++heard_; });
    ASSERT_EQ(kill(getpid(), memory_signal()), 0);
    ASSERT_TRUE(loop_.turn());
    EXPECT_EQ(heard_, 1);
}

/// A host whose control groups are below the directory.
class OwnGroup : public Pressure {
protected:
    void be_in(const std::string& line) { std::ofstream(places_.own_group) << "1:name=other:/elsewhere\n" << line; }
    [[nodiscard]] std::string make_group(const std::string& name) const {
        std::filesystem::create_directory(directory_.path() / name);
        const std::string file = (directory_.path() / name / "memory.pressure").string();
        EXPECT_EQ(mkfifo(file.c_str(), 0600), 0);
        return file;
    }
    /// What was written to a pipe by then.
    static std::string taken(const Fd& reader) {
        char bytes[100];
        const ssize_t size = read(reader.get(), bytes, sizeof bytes);
        return {bytes, static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    static Fd reader_of(const std::string& path) { return Fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }

    MemoryPressure::Places places_{
        .own_group = (directory_.path() / "self").string(), .groups = directory_.path().string(), .of_all = path()};
    const std::string trigger_{"some 200000 2000000\0", 20};  // a kernel takes it only with its end
};

TEST_F(OwnGroup, IsWatchedOnceTheMachineIsUpWhereNothingIsSaid) {
    be_in("0::/scope\n");
    const Fd reader = reader_of(make_group("scope"));
    MemoryPressure pressure(
        loop_, [this] { ++heard_; }, places_);
    EXPECT_EQ(taken(reader), "") << "not while the machine starts";
    pressure.settle();
    EXPECT_EQ(taken(reader), trigger_);
}

TEST_F(OwnGroup, IsWatchedInsteadOfTheOneThatWasLeft) {
    be_in("0::/unit\n");
    setenv("MEMORY_PRESSURE_WATCH", make_group("unit").c_str(), 1);
    const Fd reader = reader_of(make_group("scope"));
    MemoryPressure pressure(
        loop_, [this] { ++heard_; }, places_);
    pressure.settle();
    EXPECT_EQ(taken(reader), "") << "it stayed, and the service manager has said what to watch";
    be_in("0::/scope\n");
    pressure.settle();
    EXPECT_EQ(taken(reader), trigger_);
}

TEST_F(OwnGroup, WhereThereIsNoneTheWholeHostIsWatched) {
    const Fd reader = reader_of(path());
    MemoryPressure pressure(
        loop_, [this] { ++heard_; }, places_);
    for (const char* line : {"", "0::/\n", "0::/gone\n"}) {
        be_in(line);
        pressure.settle();
        EXPECT_EQ(taken(reader), trigger_) << line;
    }
}

TEST_F(OwnGroup, IsNotWatchedWhereThatIsNotWanted) {
    be_in("0::/scope\n");
    setenv("MEMORY_PRESSURE_WATCH", "/dev/null", 1);
    const Fd reader = reader_of(make_group("scope"));
    MemoryPressure pressure(
        loop_, [this] { ++heard_; }, places_);
    be_in("0::/\n");
    pressure.settle();
    EXPECT_EQ(taken(reader), "");
    EXPECT_EQ(taken(reader_of(path())), "");
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
