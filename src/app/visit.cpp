// The verbs about machines that run already.
#include "app/machines.hpp"
#include "app/output.hpp"
#include "app/verbs.hpp"
#include "host/surroundings.hpp"
#include "run/guest_ssh.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::uint32_t ssh_port = 22;

int hand_to_ssh(const RunningMachine& machine, std::uint32_t port) {
    const Result<Fd> connection = connect_to_guest(machine, port);
    if (!connection)
        return complain(connection.failure());
    const Result<void> passed = pass_descriptor(STDOUT_FILENO, connection->get());
    return passed ? 0 : complain(passed.failure());
}

/// Does not return when ssh runs: its exit status is ours, and that is the command's.
int become_ssh(const RunningMachine& machine, const std::string& user, const std::vector<std::string>& command) {
    std::error_code unknown;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe", unknown).string();
    const auto words = ssh_command(machine, user, self, command);
    if (!words)
        return complain(words.failure());
    std::vector<char*> argv;
    for (const std::string& word : *words)
        argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execvp("ssh", argv.data());
    return complain("could not run ssh: " + std::string(errno == ENOENT ? "it is not installed (package openssh-client)" : strerror(errno)),
                    errno);
}

std::optional<std::uint32_t> port_of(const Invocation& said) {
    if (said.files.size() < 2)
        return ssh_port;
    const std::string& text = said.files[1];
    std::uint32_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(port) : std::nullopt;
}

}  // namespace

std::optional<int> visit(const Invocation& said, const Diagnostics& found) {
    const bool is_ssh = said.verb == "ssh" || said.verb == "ssh-proxy";
    if (!is_ssh && !is_about_running_machines(said.verb))
        return std::nullopt;
    if (found.has_errors())
        return report(found, said.format);
    if (!is_ssh)
        return look_after(said);
    const std::string& whom = said.files.front();
    const std::size_t at = said.verb == "ssh" ? whom.find('@') : std::string::npos;
    const std::string user = at == std::string::npos ? "root" : whom.substr(0, at);
    const std::string name = at == std::string::npos ? whom : whom.substr(at + 1);
    if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
        return complain("'" + name + "' is not the name of a machine", EINVAL);
    const Result<RunningMachine> machine = find_machine(look_around().runtime_base, name);
    if (!machine)
        return machine.failure().error == ENOENT ? refuse_unknown(said.verb, name) : complain(machine.failure());
    if (said.verb == "ssh")
        return become_ssh(*machine, user, said.command);
    const std::optional<std::uint32_t> port = port_of(said);
    return port ? hand_to_ssh(*machine, *port) : complain("'" + said.files[1] + "' is not a VSOCK port", EINVAL);
}

}  // namespace vmspawn
