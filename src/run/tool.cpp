#include "run/tool.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::size_t remembered = 4096;
constexpr int long_while = 1000;  ///< milliseconds after which the caller hears that it takes long, again and again

std::string last_line(std::string_view text) {
    while (text.ends_with('\n'))
        text.remove_suffix(1);
    return printable(text.substr(text.rfind('\n') + 1));
}

}  // namespace

Result<Tool> Tool::start(const std::string& program, std::vector<std::string> arguments, std::vector<int> descriptors,
                         bool no_new_privileges) {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    std::array<int, 2> output{-1, -1};
    if (!nothing || pipe2(output.data(), O_CLOEXEC) < 0)
        return failed("prepare its input and output");
    Tool tool;
    tool.name_ = std::filesystem::path(program).filename().string();
    tool.output_ = Fd(output[0]);
    const Fd writer(output[1]);
    Result<Child> child = spawn_child({.program = program,
                                       .arguments = std::move(arguments),
                                       .environment = short_environment(),
                                       .input = nothing.get(),
                                       .output = writer.get(),
                                       .descriptors = std::move(descriptors),
                                       .no_new_privileges = no_new_privileges,
                                       .death_signal = SIGTERM});
    if (!child)
        return child.failure();
    tool.child_ = std::move(*child);
    return tool;
}

/// False at the end of its output.
bool Tool::read_some(const std::function<void()>& slow) {
    pollfd ready{output_.get(), POLLIN, 0};
    while (poll(&ready, 1, long_while) == 0)
        slow();
    std::array<char, 1024> buffer;
    const ssize_t got = read(output_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR)
        return true;
    if (got <= 0)
        return false;
    said_.append(buffer.data(), static_cast<std::size_t>(got));
    if (said_.size() > remembered)
        said_.erase(0, said_.size() - remembered);
    return true;
}

Result<void> Tool::wait_for(const std::string& text, const std::function<void()>& slow) {
    while (said_.find(text) == std::string::npos)
        if (!read_some(slow))
            return reap() ? Failure{EIO, "run " + name_, "it ended early"} : Failure{EIO, "run " + name_, last_line(said_)};
    return {};
}

Result<void> Tool::finish(const std::function<void()>& slow) {
    while (read_some(slow)) {
    }
    return reap();
}

Result<void> Tool::stop() {
    kill(child_.pid, SIGTERM);
    return finish([] {});
}

Result<void> Tool::reap() {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(child_.pidfd.get()), &info, WEXITED) < 0)
        if (errno != EINTR)
            return failed("wait for " + name_);
    if (info.si_code == CLD_EXITED && info.si_status == 0)
        return {};
    const bool full = said_.find("No space left on device") != std::string::npos;
    return Failure{full ? ENOSPC : EIO, "run " + name_, last_line(said_)};
}

}  // namespace vmspawn
