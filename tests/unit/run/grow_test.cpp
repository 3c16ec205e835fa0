// Disks that grow: what other programs find in them afterwards, and after a death at any step.
#include "run/grow.hpp"

#include "run/open_file.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::uint64_t mebibyte = 1U << 20U;
constexpr const char* path_of_sbin = "PATH=$PATH:/sbin:/usr/sbin; ";

std::string output_of(const std::string& command) {
    FILE* pipe = popen((path_of_sbin + command + " 2>&1").c_str(), "r");  // NOLINT: the tests' own words
    std::string text;
    for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe))
        text += static_cast<char>(c);
    return text + "status " + std::to_string(pclose(pipe));
}

class GrowDisk : public testing::Test {
protected:
    TemporaryDirectory directory_;

    [[nodiscard]] std::string file(const std::string& name) const { return directory_.path() / name; }

    /// 8 MiB with a GPT and one partition. Not told to the kernel: sfdisk would sync all of the host's disks.
    [[nodiscard]] std::string gpt(const std::string& name) const {
        write_text(file(name), std::string(8 * mebibyte, '\0'));
        EXPECT_THAT(output_of("printf 'label: gpt\\nstart=2048, size=4096, name=one\\n' | sfdisk -q --no-tell-kernel " + file(name)),
                    HasSubstr("status 0"));
        return file(name);
    }
    static void expect_whole(const std::string& image) {
        EXPECT_THAT(output_of("sfdisk --verify " + image), HasSubstr("No errors detected"));
        EXPECT_THAT(output_of("sfdisk --dump " + image), HasSubstr("start=        2048, size=        4096"));
    }
    static Result<void> grow(const std::string& image, Grow how) {
        const Result<Fd> opened = open_file({.path = image, .writable = true, .lock = OpenFile::Lock::qemu, .grow = std::move(how)},
                                            {.slow = [] {}, .warning = [](const std::string& text) { ADD_FAILURE() << text; }});
        return opened ? Result<void>() : opened.failure();
    }
};

TEST_F(GrowDisk, TheCopyOfATableMovesToTheEnd) {
    const std::string image = gpt("a.raw");
    ASSERT_TRUE(grow(image, {.size = 64 * mebibyte}));
    EXPECT_EQ(fs::file_size(image), 64 * mebibyte);
    expect_whole(image);
    EXPECT_EQ(read_text(image).substr(64 * mebibyte - 512, 8), "EFI PART");
    EXPECT_THAT(output_of("sfdisk --dump " + image), HasSubstr("last-lba: 131038"));
}

TEST_F(GrowDisk, AnImageWithoutATableOnlyGrows) {
    write_text(file("a.raw"), "no table");
    ASSERT_TRUE(grow(file("a.raw"), {.size = mebibyte}));
    EXPECT_EQ(read_text(file("a.raw")), "no table" + std::string(mebibyte - 8, '\0'));
}

TEST_F(GrowDisk, WhatIsLargeEnoughStays) {
    const std::string image = gpt("a.raw");
    const std::string before = read_text(image);
    ASSERT_TRUE(grow(image, {.size = 4 * mebibyte}));
    ASSERT_TRUE(grow(image, {.size = 8 * mebibyte}));
    EXPECT_EQ(read_text(image), before);
}

TEST_F(GrowDisk, AnImageInUseIsNotTouched) {
    const std::string image = gpt("a.raw");
    const std::string before = read_text(image);
    const Result<Fd> holder = open_file({.path = image, .writable = true, .lock = OpenFile::Lock::qemu});
    ASSERT_TRUE(holder);
    const Result<void> refused = grow(image, {.size = 64 * mebibyte});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.failure().error, EBUSY);
    EXPECT_EQ(read_text(image), before);
}

TEST_F(GrowDisk, ALimitOnFilesLeavesItAsItWas) {
    const std::string image = gpt("a.raw");
    const std::string before = read_text(image);
    const pid_t child = run_in_child(0, 1, 2, [&] {
        const rlimit limit{16 * mebibyte, 16 * mebibyte};
        setrlimit(RLIMIT_FSIZE, &limit);
        const Result<void> done = grow(image, {.size = 64 * mebibyte});
        return done ? 0 : done.failure().error;
    });
    EXPECT_EQ(wait_for(child), EFBIG);
    EXPECT_EQ(read_text(image), before);
}

/// A file system of our own with room for little more than the image.
int grow_on_a_full_disk(const std::string& place, const std::string& original) {
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return 1;
    if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0 || mount("tmpfs", place.c_str(), "tmpfs", 0, "size=8200k") < 0)
        return 2;
    const std::string image = place + "/a.raw";
    write_text(image, original);
    const Fd filler(open((place + "/filler").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const std::string page(4096, 'x');
    while (write(filler.get(), page.data(), page.size()) > 0) {
    }
    const Result<Fd> opened =
        open_file({.path = image, .writable = true, .lock = OpenFile::Lock::qemu, .grow = Grow{.size = 64 * mebibyte}});
    if (opened || opened.failure().error != ENOSPC)
        return 3;
    return read_text(image) == original ? 0 : 4;
}

TEST_F(GrowDisk, AFullDiskLeavesItAsItWas) {
    const std::string original = read_text(gpt("a.raw"));
    fs::create_directory(file("full"));
    const pid_t child = run_in_child(0, 1, 2, [&] { return grow_on_a_full_disk(file("full"), original); });
    EXPECT_EQ(wait_for(child), 0);
}

bool changes_files(std::uint64_t call) {
    return call == SYS_ftruncate || call == SYS_write || call == SYS_pwrite64 || call == SYS_fsync || call == SYS_writev;
}

/// Grows in a child and kills it before its call number `step` that changes a file. False when it had fewer.
bool killed_before(int step, const std::string& image) {
    const pid_t child = fork();
    if (child == 0) {
        const Fd fd(open(image.c_str(), O_RDWR | O_CLOEXEC));
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        _exit(grow_image(fd.get(), {.size = 64 * mebibyte}, {}) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (int seen = 0;;) {
        ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) {
            EXPECT_EQ(WEXITSTATUS(status), 0);
            return false;
        }
        __ptrace_syscall_info info{};
        ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_files(info.entry.nr) && ++seen == step) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return true;
        }
    }
}

TEST_F(GrowDisk, ADeathAtAnyStepLeavesAValidImage) {
    const std::string image = gpt("a.raw");
    const std::string original = read_text(image);
    int step = 1;
    for (;; ++step) {
        write_text(image, original);
        const bool killed = killed_before(step, image);
        EXPECT_THAT(output_of("sfdisk --dump " + image), testing::AllOf(HasSubstr("status 0"), HasSubstr("size=        4096"))) << step;
        ASSERT_TRUE(grow(image, {.size = 64 * mebibyte})) << step;
        expect_whole(image);
        if (!killed)
            break;
    }
    EXPECT_GE(step, 6) << "enlarging, two tables, two headers and the flush";
}

class GrowQcow2 : public GrowDisk {
protected:
    [[nodiscard]] std::string qcow2() const {
        EXPECT_THAT(output_of("qemu-img convert -f raw -O qcow2 " + gpt("a.raw") + " " + file("a.qcow2")), HasSubstr("status 0"));
        return file("a.qcow2");
    }
    [[nodiscard]] Grow tools(bool with_table) const {
        return {.size = 64 * mebibyte,
                .qcow2 = Grow::Tools{
                    .qemu_img = find_program("qemu-img"),
                    .storage_daemon = with_table ? find_program("qemu-storage-daemon") : "",
                    .image = R"({"driver":"qcow2","file":{"driver":"file","filename":"/proc/self/fd/3","locking":"off"},"backing":null})"}};
    }
    [[nodiscard]] std::string inside(const std::string& image) const {
        EXPECT_THAT(output_of("qemu-img check -f qcow2 " + image + " && qemu-img convert -f qcow2 -O raw " + image + " " + file("out.raw")),
                    HasSubstr("status 0"));
        return file("out.raw");
    }
};

TEST_F(GrowQcow2, TheImageGrowsUnderItsLock) {
    const std::string image = qcow2();
    ASSERT_TRUE(grow(image, tools(false)));
    EXPECT_EQ(fs::file_size(inside(image)), 64 * mebibyte);
}

TEST_F(GrowQcow2, TheTableInsideMoves) {
    const Fd fuse(open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!fuse || (geteuid() != 0 && find_program("fusermount3").empty()))
        GTEST_SKIP() << "needs FUSE";
    const std::string image = qcow2();
    setenv("TMPDIR", directory_.path().c_str(), 1);
    const Result<void> done = grow(image, tools(true));
    unsetenv("TMPDIR");
    ASSERT_TRUE(done) << to_string(done.failure());
    expect_whole(inside(image));
    for (const auto& entry : fs::directory_iterator(directory_.path()))
        EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr("vmspawn-disk")));
}

TEST_F(GrowQcow2, AToolThatFailsIsQuoted) {
    write_text(file("a.qcow2"), "no image");
    const Result<void> done = grow(file("a.qcow2"), tools(false));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.failure().error, EIO);
    EXPECT_THAT(done.failure().detail, HasSubstr("not in qcow2 format"));
}

}  // namespace
}  // namespace vmspawn::test
