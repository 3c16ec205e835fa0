// State that stays: whatever happens, there is no file of that name or a whole one.
#include "run/keep_file.hpp"

#include "run/memory_file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// From here on this process dies by SIGSYS when it makes the system call `deadly`; without `nameless`, no file without a name is made.
void restrict_process(int deadly, bool nameless) {
    std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    if (deadly >= 0) {
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(deadly), 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
    }
    if (!nameless) {
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3));
        filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])));
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        _exit(99);
}

class KeepFiles : public testing::Test {
protected:
    KeepFiles() { write_text(source(), template_); }

    [[nodiscard]] std::string source() const { return (directory_.path() / "template").string(); }
    [[nodiscard]] std::filesystem::path place() const { return directory_.path() / "state/m"; }
    [[nodiscard]] std::string state() const { return (place() / "vars").string(); }
    [[nodiscard]] KeepFile action() const { return {.path = state(), .source = source()}; }

    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(place()))
            found.push_back(entry.path().filename().string());
        return found;
    }

    /// Makes the state in a child that is restricted so; its exit status, or 1000 + signal.
    int keep_in_child(int deadly, bool nameless) {
        return wait_for(run_in_child(0, 1, 2, [&] {
            restrict_process(deadly, nameless);
            return keep_file(action()) ? 0 : 1;
        }));
    }

    const std::string template_ = std::string(300000, 'v');
    TemporaryDirectory directory_;
};

TEST_F(KeepFiles, IsACopyInDirectoriesOfItsOwn) {
    const mode_t before = umask(0);
    const auto fd = keep_file(action());
    umask(before);
    ASSERT_TRUE(fd) << to_string(fd.failure());
    EXPECT_EQ(fcntl(fd->get(), F_GETFL) & O_ACCMODE, O_RDWR);
    EXPECT_EQ(read_text(state()), template_);
    struct stat file {
    }, directory{};
    ASSERT_EQ(stat(state().c_str(), &file), 0);
    ASSERT_EQ(stat(place().c_str(), &directory), 0);
    EXPECT_EQ(file.st_mode & 07777, 0600U);
    EXPECT_EQ(directory.st_mode & 07777, 0700U);
    EXPECT_THAT(names(), ElementsAre("vars"));
}

TEST_F(KeepFiles, WhatIsThereIsKept) {
    std::filesystem::create_directories(place());
    write_text(state(), "mine");
    chmod(state().c_str(), 0640);
    std::filesystem::remove(source());
    EXPECT_TRUE(keep_file(action()));
    EXPECT_EQ(read_text(state()), "mine");
}

TEST_F(KeepFiles, OneWriterAtATime) {
    const auto first = keep_file(action());
    ASSERT_TRUE(first);
    const auto second = keep_file(action());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.failure().error, EBUSY);
}

TEST_F(KeepFiles, OtherThingsAreRefused) {
    EXPECT_EQ(keep_file({.path = "/dev/null", .source = source()}).failure().error, EINVAL);
    EXPECT_EQ(keep_file({.path = directory_.path(), .source = source()}).failure().error, EISDIR);
    EXPECT_EQ(keep_file({.path = source() + "/vars", .source = source()}).failure().error, ENOTDIR);
    std::filesystem::create_directories(place());
    std::filesystem::create_symlink("nowhere", state());
    EXPECT_EQ(keep_file(action()).failure().error, ENOENT);
    EXPECT_THAT(names(), ElementsAre("vars"));
}

TEST_F(KeepFiles, AMissingTemplateLeavesNothing) {
    std::filesystem::remove(source());
    const auto fd = keep_file(action());
    ASSERT_FALSE(fd);
    EXPECT_EQ(fd.failure().error, ENOENT);
    EXPECT_THAT(to_string(fd.failure()), HasSubstr("template"));
    EXPECT_TRUE(names().empty());
}

TEST_F(KeepFiles, WithoutNamelessFilesATemporaryNameServes) {
    EXPECT_EQ(keep_in_child(-1, false), 0);
    EXPECT_EQ(read_text(state()), template_);
    EXPECT_THAT(names(), ElementsAre("vars"));
}

// kill -9 at every step: the process dies at the entry of each system call that the making consists of.
TEST_F(KeepFiles, KilledAtAnyStepThereIsNoneOrAWholeOne) {
    for (const bool nameless : {true, false})
        for (const int step : {SYS_mkdir, SYS_openat, SYS_flock, SYS_faccessat2, SYS_ftruncate, SYS_sendfile, SYS_fchmod, SYS_fsync,
                               SYS_linkat, SYS_renameat, SYS_fcntl}) {
            std::filesystem::remove_all(directory_.path() / "state");
            const int status = keep_in_child(step, nameless);
            const bool killed = status == 1000 + SIGSYS;
            EXPECT_TRUE(killed || status == 0) << step << ' ' << status;
            if (std::filesystem::exists(state()))
                EXPECT_EQ(read_text(state()), template_) << step;
            else
                EXPECT_TRUE(killed) << step;
            // and the next run finds its way, whatever the killed one left
            ASSERT_EQ(keep_in_child(-1, nameless), 0) << step;
            EXPECT_EQ(read_text(state()), template_) << step;
            EXPECT_THAT(names(), ElementsAre("vars")) << step;
        }
}

TEST_F(KeepFiles, TheStepsThatTheTestKillsAtAreReallyTaken) {
    for (const int step : {SYS_sendfile, SYS_fsync, SYS_linkat}) {
        std::filesystem::remove_all(directory_.path() / "state");
        EXPECT_EQ(keep_in_child(step, true), 1000 + SIGSYS) << step;
    }
    for (const int step : {SYS_flock, SYS_ftruncate, SYS_fsync, SYS_renameat}) {
        std::filesystem::remove_all(directory_.path() / "state");
        EXPECT_EQ(keep_in_child(step, false), 1000 + SIGSYS) << step;
    }
}

TEST_F(KeepFiles, HalfACopyOfAKilledRunIsNotTaken) {
    std::filesystem::create_directories(place());
    write_text(place() / ".vars.new", std::string(400000, 'x'));
    EXPECT_EQ(keep_in_child(-1, false), 0);
    EXPECT_EQ(read_text(state()), template_);
    EXPECT_THAT(names(), ElementsAre("vars"));
}

using ScratchFiles = KeepFiles;

TEST_F(ScratchFiles, CanBeWrittenAndHasNoName) {
    setenv("TMPDIR", directory_.path().c_str(), 1);
    const auto fd = make_scratch("nvram", {.pieces = {FileContent{.path = source(), .credential = ""}}});
    unsetenv("TMPDIR");
    ASSERT_TRUE(fd) << to_string(fd.failure());
    struct stat status {};
    ASSERT_EQ(fstat(fd->get(), &status), 0);
    EXPECT_EQ(status.st_nlink, 0U);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(static_cast<std::size_t>(status.st_size), template_.size());
    EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), 1);
    EXPECT_EQ(read_text(source()), template_);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_.path()), {}), 1);
}

TEST_F(ScratchFiles, MemoryServesWhereNoFileCanBeMade) {
    setenv("TMPDIR", "/proc", 1);
    const auto fd = make_scratch("nvram", {.pieces = {Text{"abc"}}});
    unsetenv("TMPDIR");
    ASSERT_TRUE(fd) << to_string(fd.failure());
    EXPECT_THAT(std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd->get())).string(), HasSubstr("memfd:nvram"));
    EXPECT_EQ(pwrite(fd->get(), "x", 1, 0), 1);
}

}  // namespace
}  // namespace vmspawn::test
