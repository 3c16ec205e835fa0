// Real children: what reaches them, and what does not.
#include "run/spawn.hpp"

#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;
using testing::IsSubsetOf;
using testing::Not;

struct Output {
    std::string text;
    int status = 0;
};

class Spawning : public testing::Test {
protected:
    ChildSpec shell(std::string script) {
        return {.program = "/bin/sh",
                .arguments = {"-c", std::move(script)},
                .environment = short_environment(),
                .input = nothing_.get(),
                .output = pipe_.writer.get(),
                .descriptors = {}};
    }

    Output output_of(const ChildSpec& spec) {
        Result<Child> child = spawn_child(spec);
        if (!child)
            return {to_string(child.failure()), -1};
        pipe_.writer.reset();
        Output output{.text = read_all(pipe_.reader.get())};
        output.status = wait_for(child->pid);
        return output;
    }

    Fd nothing_{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    Pipe pipe_ = make_pipe();
};

TEST_F(Spawning, ReportsWhatTheProgramPrintsAndItsStatus) {
    const Output output = output_of(shell("echo out; echo err >&2; exit 7"));
    EXPECT_EQ(output.text, "out\nerr\n");
    EXPECT_EQ(output.status, 7);
}

TEST_F(Spawning, FailedExecIsAFailureWithItsErrno) {
    ChildSpec spec = shell("");
    spec.program = "/no/such/program";
    const Result<Child> missing = spawn_child(spec);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.failure().error, ENOENT);
    EXPECT_EQ(missing.failure().doing, "run /no/such/program");
    spec.program = "/etc/passwd";
    const Result<Child> not_executable = spawn_child(spec);
    ASSERT_FALSE(not_executable);
    EXPECT_EQ(not_executable.failure().error, EACCES);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "no zombie stays";
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(Spawning, ChildHasExactlyTheDescriptorsItWasGiven) {
    // A descriptor that is open without close-on-exec must not leak either.
    const Fd leaky(dup(nothing_.get()));
    const Fd first(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
    const Fd second(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    ChildSpec spec = shell("exec ls -l /proc/self/fd");
    spec.descriptors = {second.get(), first.get()};
    const Output output = output_of(spec);
    EXPECT_THAT(output.text, HasSubstr(" 0 -> /dev/null"));
    EXPECT_THAT(output.text, HasSubstr(" 3 -> /etc/passwd"));
    EXPECT_THAT(output.text, HasSubstr(" 4 -> /etc/hostname"));
    // "total 0", 0 to 4, and the directory that ls itself reads.
    EXPECT_EQ(std::count(output.text.begin(), output.text.end(), '\n'), 7) << output.text;
}

TEST_F(Spawning, DescriptorsThatStandOnEachOthersPlacesArriveRight) {
    const Fd hostname(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
    const Fd passwd(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    const int low = std::min(hostname.get(), passwd.get());
    ChildSpec spec = shell("readlink /proc/self/fd/3 /proc/self/fd/4 /proc/self/fd/5 /proc/self/fd/6 /proc/self/fd/7 /proc/self/fd/8");
    for (int i = 0; i < 3; ++i)
        spec.descriptors.insert(spec.descriptors.end(), {passwd.get(), hostname.get()});
    EXPECT_EQ(output_of(spec).text, "/etc/passwd\n/etc/hostname\n/etc/passwd\n/etc/hostname\n/etc/passwd\n/etc/hostname\n") << low;
}

TEST_F(Spawning, ChildIsPrivateAndCannotGainRights) {
    const Output output = output_of(shell("umask; grep -E '^(NoNewPrivs|SigBlk|SigIgn|SigCgt)' /proc/self/status"));
    EXPECT_THAT(output.text, HasSubstr("0077\n"));
    EXPECT_THAT(output.text, HasSubstr("NoNewPrivs:\t1\n"));
}

TEST_F(Spawning, NoNewPrivilegesCanBeLeftOut) {
    ChildSpec spec = shell("grep NoNewPrivs /proc/self/status");
    spec.no_new_privileges = false;
    EXPECT_EQ(output_of(spec).text, "NoNewPrivs:\t0\n");
}

TEST_F(Spawning, SignalsAreAsInAFreshProcess) {
    const auto before = signal(SIGPIPE, SIG_IGN);
    sigset_t blocked;
    sigset_t mask_before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigaddset(&blocked, SIGCHLD);
    sigprocmask(SIG_BLOCK, &blocked, &mask_before);
    const Output output = output_of({.program = find_program("grep"),
                                     .arguments = {"-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"},
                                     .environment = {},
                                     .input = nothing_.get(),
                                     .output = pipe_.writer.get(),
                                     .descriptors = {}});
    sigset_t mask_after;
    sigprocmask(SIG_SETMASK, &mask_before, &mask_after);
    signal(SIGPIPE, before);
    EXPECT_EQ(sigismember(&mask_after, SIGTERM), 1) << "ours is as it was";
    EXPECT_EQ(sigismember(&mask_after, SIGUSR1), 0);
    const std::string none = "\t0000000000000000\n";
    EXPECT_THAT(output.text, HasSubstr("SigBlk:" + none));
    EXPECT_THAT(output.text, HasSubstr("SigIgn:" + none));
}

TEST_F(Spawning, EnvironmentIsShort) {
    setenv("VMSPAWN_TEST_SECRET", "hidden", 1);
    const Output output = output_of({.program = find_program("env"),
                                     .arguments = {},
                                     .environment = short_environment(),
                                     .input = nothing_.get(),
                                     .output = pipe_.writer.get(),
                                     .descriptors = {}});
    unsetenv("VMSPAWN_TEST_SECRET");
    EXPECT_THAT(output.text, HasSubstr("PATH="));
    EXPECT_THAT(output.text, HasSubstr("LANG="));
    EXPECT_THAT(output.text, Not(HasSubstr("hidden")));
}

TEST_F(Spawning, ChildLeadsItsOwnGroup) {
    // Otherwise ^C at the terminal would reach it as well.
    const Output output = output_of(shell("read -r a b c d group rest </proc/self/stat; test $group = $$ && echo leads"));
    EXPECT_EQ(output.text, "leads\n");
}

TEST_F(Spawning, ChildDiesWithItsParent) {
    const pid_t parent = run_in_child(nothing_.get(), pipe_.writer.get(), 2, [] {
        Result<Child> child = spawn_child({.program = "/bin/sleep",
                                           .arguments = {"60"},
                                           .environment = {},
                                           .input = 0,
                                           .output = 2,
                                           .descriptors = {},
                                           .death_signal = SIGTERM});
        if (!child)
            return 1;
        dprintf(1, "%d\n", child->pid);
        pause();
        return 0;
    });
    pipe_.writer.reset();
    std::string text(16, '\0');
    ASSERT_GT(read(pipe_.reader.get(), text.data(), text.size()), 0);
    const pid_t child = std::stoi(text);
    EXPECT_TRUE(process_exists(child));
    kill(parent, SIGKILL);
    wait_for(parent);
    EXPECT_TRUE(eventually([&] { return !process_exists(child); }));
}

}  // namespace
}  // namespace vmspawn::test
