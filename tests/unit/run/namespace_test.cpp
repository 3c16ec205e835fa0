// Children in namespaces of their own: as root, and as a user who has no ids but their own.
#include "run/namespace.hpp"

#include "run/spawn.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <grp.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;

namespace fs = std::filesystem;

class Spaces : public testing::Test {
protected:
    void SetUp() override {
        const pid_t pid = fork();
        if (pid == 0)
            _exit(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 ? 0 : 1);
        if (wait_for(pid) != 0)
            GTEST_SKIP() << "this kernel gives no user namespaces";
        fs::permissions(directory_.path(), fs::perms(0755));
        for (const char* name : {"tree", "tree/below", "stage"})
            fs::create_directory(directory_.path() / name);
        write_text(directory_.path() / "tree/file", "as it was\n");
        space_.stage = (directory_.path() / "stage").string();
    }

    std::string path(const char* name) { return (directory_.path() / name).string(); }
    void need_root() {
        if (geteuid() != 0)
            GTEST_SKIP() << "needs root";
    }

    /// What `script` prints in the namespace; the failure where there is none.
    std::string run(const std::string& script) {
        const Fd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
        Pipe pipe = make_pipe();
        Result<Child> child = spawn_child({.program = "/bin/sh",
                                           .arguments = {"-c", "cd " + space_.stage + "; " + script + "; true"},
                                           .environment = short_environment(),
                                           .input = nothing.get(),
                                           .output = pipe.writer.get(),
                                           .descriptors = {},
                                           .space = &space_});
        if (!child)
            return to_string(child.failure());
        pipe.writer.reset();
        std::string text = read_all(pipe.reader.get());
        wait_for(child->pid);
        return text;
    }

    /// The same in a process of a user without rights.
    std::string run_as_user(const std::string& script) {
        constexpr uid_t user = 54321;
        fs::permissions(directory_.path() / "tree", fs::perms(0777));
        fs::permissions(directory_.path() / "tree/file", fs::perms(0666));
        Pipe pipe = make_pipe();
        const pid_t pid = fork();
        if (pid == 0) {
            // Dumpable: as after an exec by that user, its files in /proc are its own.
            if (setgroups(0, nullptr) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0 ||
                prctl(PR_SET_DUMPABLE, 1) < 0)
                _exit(1);
            space_.uids = space_.gids = {{0, user, 1}};
            const std::string text = run(script);
            _exit(write(pipe.writer.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
        }
        pipe.writer.reset();
        std::string text = read_all(pipe.reader.get());
        EXPECT_EQ(wait_for(pid), 0);
        return text;
    }

    TemporaryDirectory directory_;
    Namespace space_;
};

TEST_F(Spaces, ReadOnlyMountIsSeenByTheChildOnly) {
    need_root();
    space_.mounts_first = true;
    space_.mounts = {{.source = path("tree"), .name = "share", .read_only = true}, {.source = path("tree"), .name = "open"}};
    const std::string text = run("cat share/file; echo x 2>&1 >share/file; echo new >open/new; stat -c %a .");
    EXPECT_THAT(text, HasSubstr("as it was\n"));
    EXPECT_THAT(text, HasSubstr("Read-only file system"));
    EXPECT_THAT(text, HasSubstr("755\n"));
    EXPECT_EQ(read_text(directory_.path() / "tree/file"), "as it was\n");
    EXPECT_TRUE(fs::exists(directory_.path() / "tree/new"));
    EXPECT_TRUE(fs::is_empty(directory_.path() / "stage")) << "nothing of it is on the host";
}

TEST_F(Spaces, FileStandsInADirectoryOfItsOwn) {
    need_root();
    space_.mounts_first = true;
    space_.mounts = {{.source = path("tree/file"), .name = "share/file", .file = true}};
    EXPECT_EQ(run("ls -A share; echo more >>share/file"), "file\n");
    EXPECT_EQ(read_text(directory_.path() / "tree/file"), "as it was\nmore\n");
}

TEST_F(Spaces, ShiftedRootOwnsWhatItMakesAndReachesClosedPlaces) {
    need_root();
    space_.mounts_first = true;
    space_.uids = space_.gids = {{0, 200000, 65536}};
    space_.mounts = {{.source = path("tree"), .name = "share"}};
    fs::permissions(directory_.path() / "tree", fs::perms(0777));
    fs::permissions(directory_.path(), fs::perms(0711));
    EXPECT_EQ(run("id -u; id -G; echo x >share/made; stat -c %u share/made"), "0\n0\n0\n");
    struct stat made {};
    ASSERT_EQ(stat(path("tree/made").c_str(), &made), 0);
    EXPECT_EQ(made.st_uid, 200000U);
    EXPECT_EQ(made.st_gid, 200000U);
}

TEST_F(Spaces, UserWithoutRightsIsRootOfTheirOwn) {
    need_root();
    space_.mounts = {{.source = path("tree"), .name = "share"}, {.source = path("tree"), .name = "closed", .read_only = true}};
    const std::string text = run_as_user("id -u; echo x >share/made; (echo y >closed/made) 2>&1; stat -c %u share/made");
    EXPECT_THAT(text, HasSubstr("0\n"));
    EXPECT_THAT(text, HasSubstr("Read-only file system"));
    struct stat made {};
    ASSERT_EQ(stat(path("tree/made").c_str(), &made), 0) << text;
    EXPECT_EQ(made.st_uid, 54321U);
    EXPECT_EQ(read_text(directory_.path() / "tree/made"), "x\n");
}

TEST_F(Spaces, WhatIsWrittenOverAThrowAwayMountIsGoneAfterwards) {
    need_root();
    fs::permissions(directory_.path() / "tree", fs::perms(0750));
    space_.mounts_first = true;
    space_.mounts = {{.source = path("tree"), .name = "share", .throw_away = true}};
    const std::string text =
        run("stat -c %a share; echo new >share/file; echo more >share/made; rmdir share/below; cat share/file share/made; ls share");
    EXPECT_EQ(text, "750\nnew\nmore\nfile\nmade\n");
    EXPECT_EQ(read_text(directory_.path() / "tree/file"), "as it was\n");
    EXPECT_FALSE(fs::exists(directory_.path() / "tree/made"));
    EXPECT_TRUE(fs::exists(directory_.path() / "tree/below"));
}

TEST_F(Spaces, UserThrowsAwayToo) {
    need_root();
    space_.mounts = {{.source = path("tree"), .name = "share", .throw_away = true}};
    EXPECT_EQ(run_as_user("rm share/file; echo x >share/made; ls share"), "below\nmade\n");
    EXPECT_EQ(read_text(directory_.path() / "tree/file"), "as it was\n");
    EXPECT_FALSE(fs::exists(directory_.path() / "tree/made"));
}

TEST_F(Spaces, MissingSourceIsNamed) {
    need_root();
    space_.mounts_first = true;
    space_.mounts = {{.source = "/no/such/tree", .name = "share"}};
    EXPECT_THAT(run("echo never"), HasSubstr("bind /no/such/tree for /bin/sh"));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(Spaces, AUserNamespaceOutlivesTheChildThatMadeIt) {
    const Result<Fd> made = make_user_namespace();
    ASSERT_TRUE(made) << to_string(made.failure());
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child stayed";
    uid_t owner = 0;
    ASSERT_EQ(ioctl(made->get(), NS_GET_OWNER_UID, &owner), 0);
    EXPECT_EQ(owner, geteuid());
    const pid_t pid = fork();
    if (pid == 0) {
        const bool entered = setns(made->get(), CLONE_NEWUSER) == 0;
        _exit(entered && getuid() == 0 && getgid() == 0 && chown("/proc/self", 1, 1) < 0 && errno == EINVAL ? 0 : 1);
    }
    EXPECT_EQ(wait_for(pid), 0) << "root is there, and nobody else";
}

TEST_F(Spaces, ToolThatRefusesIdsIsTheFailure) {
    space_.uids = space_.gids = {{0, geteuid(), 1}};
    space_.uid_tool = space_.gid_tool = "/bin/false";
    EXPECT_THAT(run("echo never"), HasSubstr("give it its ids by /bin/false"));
    space_.uid_tool = "/no/such/newuidmap";
    EXPECT_THAT(run("echo never"), HasSubstr("/no/such/newuidmap"));
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no child stays";
}

}  // namespace
}  // namespace vmspawn::test
