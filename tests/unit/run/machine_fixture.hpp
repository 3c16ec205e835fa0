// A test that runs the executor in a child, with pipes for its output and messages.
#pragma once

#include "support.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <string>
#include <sys/types.h>
#include <unistd.h>

namespace vmspawn::test {

struct Ended {
    int status = 0;
    std::string output;
    std::string messages;
};

class Machine : public testing::Test {
protected:
    void SetUp() override {
        if (find_program("qemu-system-x86_64").empty())
            GTEST_SKIP() << "qemu-system-x86_64 is not installed";
    }

    pid_t start(const Plan& plan, const RunOptions& options = {}) {
        return run_in_child(nothing_.get(), output_.writer.get(), messages_.writer.get(), [&] { return execute(plan, options, {}); });
    }

    Ended finish(pid_t pid) {
        output_.writer.reset();
        messages_.writer.reset();
        Ended ended{.status = 0, .output = early_ + read_all(output_.reader.get()), .messages = read_all(messages_.reader.get())};
        ended.status = wait_for(pid);
        return ended;
    }

    Ended run(const Plan& plan, const RunOptions& options = {}) { return finish(start(plan, options)); }

    /// Waits until the guest has said HELLO.
    void wait_for_greeting() {
        while (early_.size() < 7) {
            char byte = 0;
            ASSERT_EQ(read(output_.reader.get(), &byte, 1), 1);
            early_ += byte;
        }
        ASSERT_EQ(early_, "HELLO\r\n");
    }

    /// Messages written so far, once they hold `text`.
    void wait_for_message(const std::string& text) {
        std::string all;
        while (all.find(text) == std::string::npos) {
            char byte = 0;
            ASSERT_EQ(read(messages_.reader.get(), &byte, 1), 1) << all;
            all += byte;
        }
    }

    [[nodiscard]] std::string image() const { return (directory_.path() / "disk.raw").string(); }
    void expect_nothing_left() { EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "run")); }

    TemporaryDirectory directory_;
    Fd nothing_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    Pipe output_ = make_pipe();
    Pipe messages_ = make_pipe();
    std::string early_;
};

/// The only child of a process.
pid_t child_of(pid_t parent);

}  // namespace vmspawn::test
