#include "run/detach.hpp"

#include "run/channels.hpp"
#include "run/event.hpp"
#include "run/pidfd.hpp"
#include "run/spawn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// Which descriptor is the starter's.
constexpr const char* starter_variable = "VMSPAWN_STARTER";
constexpr int first_passed = 3;

int number_in(const char* name) {
    const char* text = std::getenv(name);
    int number = -1;
    if (text != nullptr)
        std::from_chars(text, text + std::string_view(text).size(), number);
    return number;
}

/// How many descriptors were passed to this process by LISTEN_FDS.
int passed_count() {
    return number_in("LISTEN_PID") == getpid() ? std::clamp(number_in("LISTEN_FDS"), 0, 64) : 0;
}

/// As this process has it, but the service manager that started this one is not to hear of another process.
std::vector<std::string> environment_in_background(int starter) {
    constexpr std::array<std::string_view, 5> ours{"LISTEN_PID=", "LISTEN_PIDFDID=", "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID="};
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        if (std::ranges::none_of(ours, [text](std::string_view name) { return text.starts_with(name); }))
            all.emplace_back(text);
    }
    all.push_back(fmt::format("{}={}", starter_variable, starter));
    return all;
}

Result<Child> spawn_background(const BackgroundStart& start, int socket) {
    const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC));
    const int passed = passed_count();
    const mode_t mask = umask(0);
    umask(mask);
    ChildSpec spec{.program = start.program,
                   .arguments = start.arguments,
                   .environment = environment_in_background(first_passed + passed),
                   .input = nothing.get(),
                   .output = fcntl(STDERR_FILENO, F_GETFD) < 0 ? nothing.get() : STDERR_FILENO,
                   .descriptors = {},
                   .activated = passed > 0,
                   .own_group = false,  // it makes a session
                   .no_new_privileges = false,
                   .death_signal = SIGTERM,
                   .mask = mask};
    for (int i = 0; i < passed; ++i)
        spec.descriptors.push_back(first_passed + i);
    spec.descriptors.push_back(socket);
    return spawn_child(spec);
}

int starter() {
    const int fd = number_in(starter_variable);
    struct stat status {};
    return fd >= first_passed && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? fd : -1;
}

int status_of(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

Result<StartedInBackground> start_in_background(const BackgroundStart& start) {
    Result<SocketPair> pair = make_socket_pair();
    if (!pair)
        return pair.failure();
    EventLoop loop;  // signals are held before there is a child
    pid_t pid = -1;
    int pidfd = -1;
    std::vector<EventSource> sources;
    for (const int number : ending_signals())
        sources.push_back(loop.on_signal(number, [&pidfd](pid_t) { send_signal(pidfd, SIGTERM); }));
    Result<Child> child = spawn_background(start, pair->theirs.get());
    pair->theirs.reset();
    if (!child)
        return child.failure();
    pid = child->pid;
    pidfd = child->pidfd.get();

    std::string name;
    bool closed = false;
    sources.push_back(loop.on_io(pair->ours.get(), EPOLLIN, [&](std::uint32_t) {
        std::array<char, 256> bytes{};
        const ssize_t size = read(pair->ours.get(), bytes.data(), bytes.size());
        closed = size <= 0;
        name.append(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    }));
    while (!closed)
        if (Result<void> turned = loop.turn(); !turned)
            return turned.failure();
    if (!name.empty())
        return StartedInBackground{.machine = name};
    // It has closed its end: it ends now, or has.
    sources.pop_back();
    bool ended = false;
    sources.push_back(loop.on_io(pidfd, EPOLLIN, [&ended](std::uint32_t) { ended = true; }));
    while (!ended)
        if (Result<void> turned = loop.turn(); !turned)
            return turned.failure();
    return StartedInBackground{.machine = "", .status = status_of(pid)};
}

bool enter_background() {
    const int fd = starter();
    if (fd < 0)
        return false;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    setsid();  // whoever closes the terminal does not mean us
    if (const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC)); nothing)
        dup2(nothing.get(), STDOUT_FILENO);  // the guest's output is for those who attach
    return true;
}

int take_starter() {
    const int fd = starter();
    unsetenv(starter_variable);
    return fd;
}

void leave_starter(int starter, const std::string& machine) {
    prctl(PR_SET_PDEATHSIG, 0);
    const bool told = send(starter, machine.data(), machine.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(machine.size());
    shutdown(starter, SHUT_RDWR);
    if (const Fd nothing(open("/dev/null", O_RDWR | O_CLOEXEC)); nothing)
        dup2(nothing.get(), STDERR_FILENO);
    if (!told)
        raise(SIGTERM);  // killed meanwhile: nobody knows of this machine
}

}  // namespace vmspawn
