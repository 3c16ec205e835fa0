#include "run/password_agent.hpp"

#include "run/pidfd.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr const char* agent_program = "/usr/bin/pkttyagent";
constexpr int patience_ms = 10'000;

}  // namespace

std::unique_ptr<PasswordAgent> PasswordAgent::start() {
    int ends[2] = {-1, -1};
    if (access(agent_program, X_OK) != 0 || pipe2(ends, O_CLOEXEC) != 0)
        return nullptr;
    const Fd ready(ends[0]);
    Fd theirs(ends[1]);
    ChildSpec spec{.program = agent_program,
                   .arguments = {"--notify-fd=3", "--fallback"},
                   .environment = short_environment(),
                   .input = STDIN_FILENO,
                   .output = STDERR_FILENO,
                   .descriptors = {theirs.get()},
                   .own_group = false,          // else it could not read from the terminal
                   .no_new_privileges = false,  // its helper that checks the password is set-user-id
                   .death_signal = SIGTERM};    // it puts the terminal back
    Result<Child> child = spawn_child(spec);
    if (!child)
        return nullptr;
    theirs.reset();
    pollfd closed{ready.get(), POLLIN, 0};
    (void)poll(&closed, 1, patience_ms);
    return std::make_unique<PasswordAgent>(std::move(*child));
}

PasswordAgent::~PasswordAgent() {
    send_signal(child_.pidfd.get(), SIGTERM);
    while (waitpid(child_.pid, nullptr, 0) < 0 && errno == EINTR)
        ;
}

}  // namespace vmspawn
