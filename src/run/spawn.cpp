#include "run/spawn.hpp"

#include "run/namespace.hpp"
#include "run/pidfd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// What the child tells before it ends without exec.
struct ChildError {
    int error = 0;
    char step[300] = {};
};

/// Everything the child touches, made before the fork: after it only async-signal-safe calls are allowed.
struct Prepared {
    const ChildSpec& spec;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::array<char, 32> listen_pid{};  ///< filled in by the child, which alone knows its number
    std::optional<PreparedSpace> space;
    int peer = -1;             ///< the child's end of the talk about its ids
    std::vector<int> sources;  ///< scratch for the child
    pid_t parent = 0;
    int report = -1;
};

std::vector<char*> pointers(const std::string* first, const std::vector<std::string>& rest) {
    std::vector<char*> result;
    result.reserve(rest.size() + 2);
    if (first != nullptr)
        result.push_back(const_cast<char*>(first->c_str()));
    for (const std::string& word : rest)
        result.push_back(const_cast<char*>(word.c_str()));
    result.push_back(nullptr);
    return result;
}

[[noreturn]] void child_failed(int report, const char* step) {
    ChildError error{.error = errno};
    for (std::size_t i = 0; i + 1 < sizeof error.step && step[i] != '\0'; ++i)
        error.step[i] = step[i];
    [[maybe_unused]] const ssize_t written = write(report, &error, sizeof error);
    _exit(127);
}

// Every signal to its default: an ignored one would stay ignored across exec.
void reset_signals() {
    struct sigaction plain {};
    plain.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number)
        sigaction(number, &plain, nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

void tell_activation(Prepared& prepared) {
    char digits[16];
    int count = 0;
    for (pid_t rest = getpid(); rest > 0; rest /= 10)
        digits[count++] = static_cast<char>('0' + rest % 10);
    char* to = prepared.listen_pid.data() + std::char_traits<char>::length(prepared.listen_pid.data());
    while (count > 0)
        *to++ = digits[--count];
}

// A source may sit on a number that another one is to get, so all first move above the targets, then down to their places.
void place_descriptors(Prepared& prepared) {
    const int above = 3 + static_cast<int>(prepared.sources.size());
    prepared.report = fcntl(prepared.report, F_DUPFD_CLOEXEC, above);
    for (int& source : prepared.sources) {
        source = fcntl(source, F_DUPFD_CLOEXEC, above);
        if (source < 0)
            child_failed(prepared.report, "move a descriptor");
    }
    // sources: input, output, output again, then the inherited ones
    for (std::size_t target = 0; target < prepared.sources.size(); ++target) {
        if (dup2(prepared.sources[target], static_cast<int>(target)) < 0)
            child_failed(prepared.report, "place a descriptor");
    }
    if (close_range(static_cast<unsigned>(prepared.sources.size()), ~0U, CLOSE_RANGE_CLOEXEC) < 0)
        child_failed(prepared.report, "close descriptors");
}

void bind_to_parent(const Prepared& prepared) {
    if (prctl(PR_SET_PDEATHSIG, prepared.spec.death_signal) < 0)
        child_failed(prepared.report, "set the death signal of");
    if (getppid() != prepared.parent)  // it died before the line above
        _exit(127);
}

/// A file server holds a descriptor for each file that its guest knows.
void allow_most_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

[[noreturn]] void run_child(Prepared& prepared) {
    const ChildSpec& spec = prepared.spec;
    if (spec.own_group)
        setpgid(0, 0);
    bind_to_parent(prepared);
    if (prepared.space) {
        if (const char* wrong = prepared.space->enter(prepared.peer))
            child_failed(prepared.report, wrong);
        bind_to_parent(prepared);  // the kernel forgets it with a change of ids
        allow_most_descriptors();
    }
    if (spec.program.empty())
        _exit(0);
    if (spec.activated)
        tell_activation(prepared);
    umask(spec.mask);
    if (spec.directory >= 0 && fchdir(spec.directory) < 0)
        child_failed(prepared.report, "enter the directory of");
    if (spec.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        child_failed(prepared.report, "set no_new_privs");
    place_descriptors(prepared);
    reset_signals();
    execve(spec.program.c_str(), prepared.argv.data(), prepared.envp.data());
    child_failed(prepared.report, "run");
}

pid_t fork_with_signals_blocked(Prepared& prepared) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t pid = fork();
    if (pid == 0)
        run_child(prepared);
    const int error = errno;
    sigprocmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return pid;
}

// End of file without a word means that exec closed the pipe: the program runs.
Result<void> wait_for_exec(int report, const std::string& program) {
    ChildError error;
    ssize_t size = 0;
    do {
        size = read(report, &error, sizeof error);
    } while (size < 0 && errno == EINTR);
    if (size != static_cast<ssize_t>(sizeof error))
        return {};
    return Failure{error.error, std::string(error.step) + " " + program, ""};
}

Result<void> wait_until_it_runs(const ChildSpec& spec, pid_t pid, int report, int peer) {
    if (spec.space != nullptr && !spec.space->uids.empty())
        if (Result<void> given = write_ids(*spec.space, pid, peer); !given)
            return given;
    return wait_for_exec(report, spec.program);
}

}  // namespace

Result<Child> spawn_child(const ChildSpec& spec) {
    std::array<int, 2> report{-1, -1};
    if (pipe2(report.data(), O_CLOEXEC) < 0)
        return failed("make a pipe");
    const Fd reader(report[0]);
    Fd writer(report[1]);
    std::array<int, 2> talk{-1, -1};
    if (spec.space != nullptr && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk.data()) < 0)
        return failed("make a socket pair");
    const Fd ours(talk[0]);
    Fd peer(talk[1]);

    Prepared prepared{.spec = spec,
                      .argv = pointers(&spec.program, spec.arguments),
                      .envp = pointers(nullptr, spec.environment),
                      .space = {},
                      .peer = peer.get(),
                      .sources = {spec.input, spec.output, spec.output},
                      .parent = getpid(),
                      .report = writer.get()};
    if (spec.activated) {
        constexpr std::string_view start = "LISTEN_PID=";
        std::ranges::copy(start, prepared.listen_pid.begin());
        prepared.envp.insert(prepared.envp.begin(), prepared.listen_pid.data());
    }
    prepared.sources.insert(prepared.sources.end(), spec.descriptors.begin(), spec.descriptors.end());

    if (spec.space != nullptr)
        prepared.space.emplace(*spec.space);
    const pid_t pid = fork_with_signals_blocked(prepared);
    if (pid < 0)
        return failed("fork");
    writer.reset();
    peer.reset();
    // The child is ours and not yet waited for, so its number cannot have been given to another.
    Child child{.pid = pid, .pidfd = Fd(open_pidfd(pid))};
    const Failure no_pidfd = failed("open a pidfd");
    Result<void> ran = wait_until_it_runs(spec, pid, reader.get(), ours.get());
    if (ran && child.pidfd)
        return child;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return ran ? no_pidfd : ran.failure();
}

std::vector<std::string> short_environment() {
    std::vector<std::string> environment;
    for (const char* name : {"PATH", "HOME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR"}) {
        if (const char* value = std::getenv(name))
            environment.push_back(std::string(name) + "=" + value);
    }
    if (std::getenv("LANG") == nullptr)
        environment.emplace_back("LANG=C.UTF-8");
    return environment;
}

}  // namespace vmspawn
