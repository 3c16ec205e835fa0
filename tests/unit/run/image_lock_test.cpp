// The locks against QEMU's own programs, in both directions.
#include "run/image_lock.hpp"

#include "run/open_file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ImageLock : public testing::Test {
protected:
    void SetUp() override { write_text(image(), std::string(1 << 20, '\0')); }

    [[nodiscard]] std::string image() const { return (directory_.path() / "disk.raw").string(); }
    [[nodiscard]] Result<Fd> take(bool writable) const {
        return open_file({.path = image(), .writable = writable, .lock = OpenFile::Lock::qemu});
    }
    static int run(const std::string& command) { return system((command + " >/dev/null 2>&1").c_str()); }
    [[nodiscard]] int qemu_reads() const { return run("qemu-io -f raw -r -c 'read 0 512' " + image()); }
    [[nodiscard]] int qemu_writes() const { return run("qemu-io -f raw -c 'write 0 512' " + image()); }
    [[nodiscard]] int qemu_looks() const { return run("qemu-img info " + image()); }

    /// Something of QEMU that has the image open until its input ends.
    struct QemuUser {
        pid_t pid = -1;
        Fd input;
    };
    [[nodiscard]] QemuUser qemu_holds(bool writable) const {
        Pipe input = make_pipe();
        Pipe output = make_pipe();
        const pid_t pid = run_in_child(input.reader.get(), output.writer.get(), output.writer.get(), [&] {
            const std::string file = image();
            execlp("qemu-io", "qemu-io", "-f", "raw", writable ? "-n" : "-r", file.c_str(), nullptr);
            return 127;
        });
        // Its prompt says that the image is open.
        std::string text(64, '\0');
        EXPECT_GT(read(output.reader.get(), text.data(), text.size()), 0);
        EXPECT_THAT(text, StartsWith("qemu-io>"));
        return {pid, std::move(input.writer)};
    }
    static void let_go(QemuUser user) {
        user.input.reset();
        wait_for(user.pid);
    }

    TemporaryDirectory directory_;
};

TEST_F(ImageLock, TwoWritersOfOursExcludeEachOther) {
    const auto first = take(true);
    ASSERT_TRUE(first);
    const auto second = take(true);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.failure().error, EBUSY);
}

TEST_F(ImageLock, ReadersShareAndExcludeAWriter) {
    const auto first = take(false);
    ASSERT_TRUE(first);
    EXPECT_TRUE(take(false));
    EXPECT_FALSE(take(true));
}

TEST_F(ImageLock, WriterExcludesAReader) {
    const auto writer = take(true);
    ASSERT_TRUE(writer);
    EXPECT_FALSE(take(false));
}

TEST_F(ImageLock, GoesWithTheLastCopy) {
    auto first = take(true);
    ASSERT_TRUE(first);
    Fd copy(dup(first->get()));
    first->reset();
    EXPECT_FALSE(take(true));
    copy.reset();
    EXPECT_TRUE(take(true));
}

TEST_F(ImageLock, RefusedLockLeavesNoneBehind) {
    auto holder = take(true);
    ASSERT_TRUE(holder);
    const Fd loser(open(image().c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_FALSE(lock_image(loser.get(), true));
    holder->reset();
    EXPECT_TRUE(take(true)) << "the loser still has the file open, but holds nothing";
}

TEST_F(ImageLock, IsHeldByAnotherProcessWithItsNameAndPid) {
    const Pipe pipe = make_pipe();
    const pid_t pid = run_in_child(0, pipe.writer.get(), 2, [&] {
        const auto held = take(true);
        dprintf(1, "x");
        pause();
        return held ? 0 : 1;
    });
    char byte = 0;
    ASSERT_EQ(read(pipe.reader.get(), &byte, 1), 1);
    const auto second = take(true);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.failure().detail, "in use by unit-run, pid " + std::to_string(pid));
    kill(pid, SIGKILL);
    wait_for(pid);
    EXPECT_TRUE(take(true));
}

class ImageLockAndQemu : public ImageLock {
protected:
    void SetUp() override {
        if (find_program("qemu-io").empty())
            GTEST_SKIP() << "qemu-io is not installed";
        ImageLock::SetUp();
        ASSERT_EQ(qemu_reads(), 0);
        ASSERT_EQ(qemu_writes(), 0);
    }
};

TEST_F(ImageLockAndQemu, QemuSeesOurWriter) {
    ASSERT_EQ(run("qemu-img create -f qcow2 " + image() + " 1M"), 0);
    EXPECT_EQ(qemu_looks(), 0);
    const auto writer = take(true);
    ASSERT_TRUE(writer);
    EXPECT_NE(qemu_writes(), 0);
    EXPECT_NE(qemu_looks(), 0) << "a qcow2 image does not hold still for a reader";
}

TEST_F(ImageLockAndQemu, QemuMayReadWhatWeOnlyRead) {
    const auto reader = take(false);
    ASSERT_TRUE(reader);
    EXPECT_EQ(qemu_reads(), 0);
    EXPECT_NE(qemu_writes(), 0);
    EXPECT_EQ(qemu_looks(), 0);
}

TEST_F(ImageLockAndQemu, WeSeeItsWriter) {
    QemuUser user = qemu_holds(true);
    const auto writer = take(true);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.failure().error, EBUSY);
    EXPECT_EQ(writer.failure().detail, "in use by qemu-io, pid " + std::to_string(user.pid));
    EXPECT_FALSE(take(false));
    let_go(std::move(user));
    EXPECT_TRUE(take(true));
}

TEST_F(ImageLockAndQemu, WeMayReadWhatItOnlyReads) {
    QemuUser user = qemu_holds(false);
    EXPECT_TRUE(take(false));
    let_go(std::move(user));
}

}  // namespace
}  // namespace vmspawn::test
