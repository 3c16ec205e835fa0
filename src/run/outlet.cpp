#include "run/outlet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// A terminal that says it is writable takes this much without waiting.
constexpr std::size_t small_write = 256;

mode_t type_of(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

bool is_nonblocking(int fd) {
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

/// It takes all at once.
bool is_null_device(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3);
}

// The caller's shell, and whatever else shares the descriptor, must not meet O_NONBLOCK: hence a second open file of the same thing.
Fd open_again(int fd) {
    if (is_nonblocking(fd) || !(isatty(fd) || type_of(fd) == S_IFIFO))
        return {};
    return Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

Outlet::Outlet(EventLoop& loop, int fd, Handlers handlers)
    : own_(open_again(fd)), fd_(own_ ? own_.get() : fd), writing_(Writing::when_ready), handlers_(std::move(handlers)) {
    if (type_of(fd_) == S_IFSOCK)
        writing_ = Writing::as_socket;
    else if (is_nonblocking(fd_) || type_of(fd_) == S_IFREG || is_null_device(fd_))
        writing_ = Writing::at_will;
    writable_ = loop.on_io(fd_, EPOLLOUT, [this](std::uint32_t) { flush(true); });
    writable_.enable(false);
}

void Outlet::give(std::string_view bytes) {
    if (lost_)
        return;
    const bool was_waiting = !pending_.empty();
    pending_.add(bytes);
    if (!was_waiting)
        flush(false);
}

long Outlet::write_some() {
    const std::string_view first = pending_.front();
    if (writing_ == Writing::as_socket)
        return send(fd_, first.data(), first.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return write(fd_, first.data(), writing_ == Writing::at_will ? first.size() : std::min(first.size(), small_write));
}

void Outlet::flush(bool told_ready) {
    const bool may_write = told_ready || writing_ != Writing::when_ready;
    const long written = may_write && !pending_.empty() ? write_some() : 0;
    if (written < 0 && errno != EAGAIN && errno != EINTR) {
        lost_ = true;
        pending_.clear();
        writable_ = EventSource();
        handlers_.lost(errno);
        return;
    }
    if (written > 0)
        pending_.drop(static_cast<std::size_t>(written));
    writable_.enable(!pending_.empty());
    if (pending_.empty() && told_ready)
        handlers_.emptied();
}

}  // namespace vmspawn
