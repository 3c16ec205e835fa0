// The executor with a real QEMU and guests of one sector: what happened, and the status that follows.
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

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
        return run_in_child(nothing_.get(), output_.writer.get(), messages_.writer.get(), [&] { return execute(plan, options); });
    }

    Ended finish(pid_t pid) {
        output_.writer.reset();
        messages_.writer.reset();
        Ended ended;
        ended.output = read_all(output_.reader.get());
        ended.messages = read_all(messages_.reader.get());
        ended.status = wait_for(pid);
        return ended;
    }

    Ended run(const Plan& plan, const RunOptions& options = {}) { return finish(start(plan, options)); }

    TemporaryDirectory directory_;
    Fd nothing_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    Pipe output_ = make_pipe();
    Pipe messages_ = make_pipe();
};

TEST_F(Machine, GuestThatPowersOffGivesZeroAndLeavesNothing) {
    const Ended ended = run(tiny_machine(directory_.path(), Guest::greet));
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.output, "HELLO\r\n");
    EXPECT_EQ(ended.messages, "");
    EXPECT_TRUE(std::filesystem::is_empty(directory_.path() / "run"));
}

TEST_F(Machine, PanickedGuestGives255) {
    const Ended ended = run(tiny_machine(directory_.path(), Guest::panic));
    EXPECT_EQ(ended.status, 255);
    EXPECT_EQ(ended.messages, "vmspawn: the guest panicked\n");
}

TEST_F(Machine, ResetWithNoRebootIsAnOrderlyEnd) {
    Plan plan = tiny_machine(directory_.path(), Guest::reset_once);
    qemu_of(plan).arguments.emplace_back("-no-reboot");
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, 0);
}

}  // namespace
}  // namespace vmspawn::test
