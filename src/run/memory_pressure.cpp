#include "run/memory_pressure.hpp"

#include "base/text.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// Microseconds of waiting in each two seconds: systemd's own measure. The kernel drops the last byte: the NUL goes with it.
constexpr char usual_trigger[] = "some 200000 2000000";

/// "/machine.slice/machine-a.scope"; empty: there is no version 2 of control groups.
std::string group_in(const std::string& path) {
    std::ifstream file(path);
    constexpr std::string_view version_2 = "0::";
    for (std::string line; std::getline(file, line);)
        if (line.starts_with(version_2))
            return line.substr(version_2.size());
    return "";
}

}  // namespace

int memory_signal() {
    constexpr int of_systemd = 18;
    return SIGRTMIN + of_systemd;
}

MemoryPressure::MemoryPressure(EventLoop& loop, std::function<void()> relieve) : MemoryPressure(loop, std::move(relieve), Places()) {}

MemoryPressure::MemoryPressure(EventLoop& loop, std::function<void()> relieve, Places places)
    : loop_(loop),
      relieve_(std::move(relieve)),
      places_(std::move(places)),
      asked_(loop.on_signal(memory_signal(), [this](pid_t) { relieve_(); })) {
    const char* path = std::getenv("MEMORY_PRESSURE_WATCH");
    if (path == nullptr)
        return;
    is_unwanted_ = path == std::string_view("/dev/null");
    told_in_ = group_in(places_.own_group);
    const char* said = std::getenv("MEMORY_PRESSURE_WRITE");
    const auto trigger = base64_decode(said != nullptr ? said : "");
    if (trigger && !is_unwanted_)
        watch(path, {trigger->begin(), trigger->end()});
}

void MemoryPressure::settle() {
    const std::string group = group_in(places_.own_group);
    const bool was_told = std::getenv("MEMORY_PRESSURE_WATCH") != nullptr;
    if (is_unwanted_ || (was_told && group == told_in_))
        return;
    const std::string trigger(usual_trigger, sizeof usual_trigger);
    if (group.empty() || (!watch(places_.groups + group + "/memory.pressure", trigger) && errno == ENOENT))
        watch(places_.of_all, trigger);
}

/// What must not be watched is not: errno tells why.
bool MemoryPressure::watch(const std::string& path, const std::string& trigger) {
    Fd file(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    struct stat status {};
    if (!file || fstat(file.get(), &status) < 0)
        return false;
    if ((!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) ||
        (!trigger.empty() && write(file.get(), trigger.data(), trigger.size()) != static_cast<ssize_t>(trigger.size()))) {
        errno = EACCES;
        return false;
    }
    source_ = EventSource();
    file_ = std::move(file);
    const bool is_pipe = S_ISFIFO(status.st_mode);  // else it is the kernel's, which has news but no bytes
    source_ = loop_.on_io(file_.get(), is_pipe ? EPOLLIN : EPOLLPRI, [this, is_pipe](std::uint32_t events) { noticed(is_pipe, events); });
    return true;
}

void MemoryPressure::noticed(bool is_pipe, std::uint32_t events) {
    if (!is_pipe && (events & EPOLLERR) != 0) {  // its control group is gone, and would be news for ever
        source_ = EventSource();
        return;
    }
    std::array<char, 256> bytes;
    while (is_pipe && read(file_.get(), bytes.data(), bytes.size()) > 0) {
    }
    relieve_();
}

}  // namespace vmspawn
