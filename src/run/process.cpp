#include "run/process.hpp"

#include "run/pidfd.hpp"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// What it started and left behind ends with it: until it is waited for, its number is that of its group and of no other.
ProcessEnd collect(const Child& child) {
    siginfo_t info{};
    while (waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    kill(-child.pid, SIGKILL);
    while (waitid(P_PIDFD, static_cast<id_t>(child.pidfd.get()), &info, WEXITED) < 0 && errno == EINTR) {
    }
    return {.signalled = info.si_code != CLD_EXITED, .code = info.si_status};
}

}  // namespace

Process::Process(EventLoop& loop, Child child, Fd output, Handlers handlers)
    : child_(std::move(child)), output_(std::move(output)), handlers_(std::move(handlers)) {
    fcntl(output_.get(), F_SETFL, fcntl(output_.get(), F_GETFL) | O_NONBLOCK);
    output_source_ = loop.on_io(output_.get(), EPOLLIN, [this](std::uint32_t) { read_output(); });
    end_source_ = loop.on_io(child_.pidfd.get(), EPOLLIN, [this](std::uint32_t) { reap(); });
}

void Process::signal(int number) {
    if (running())
        send_signal(child_.pidfd.get(), number);
}

void Process::show_lines() {
    shown_ = true;
    std::string early = words_.text();
    while (!early.empty()) {
        const std::size_t end = early.find('\n');
        handlers_.line(early.substr(0, end));
        early.erase(0, end == std::string::npos ? early.size() : end + 1);
    }
}

bool Process::read_output() {
    std::array<char, 4096> buffer;
    const ssize_t size = output_ ? read(output_.get(), buffer.data(), buffer.size()) : 0;
    if (size <= 0) {
        if (size == 0) {
            output_source_ = EventSource();
            output_.reset();
        }
        return false;
    }
    lines_.feed({buffer.data(), static_cast<std::size_t>(size)});
    while (const auto line = lines_.take())
        take_line(*line);
    if (lines_.overlong())
        take_line(lines_.rest());
    return true;
}

void Process::take_line(const std::string& line) {
    LastWords one;
    one.add(line);
    words_.add(line);
    if (shown_ && !one.text().empty())
        handlers_.line(one.text());
}

void Process::reap() {
    const ProcessEnd end = collect(child_);
    end_source_ = EventSource();
    child_.pidfd.reset();
    while (read_output()) {
    }
    take_line(lines_.rest());
    handlers_.ended(end);
}

bool Process::wait_for(std::chrono::milliseconds time) const {
    const auto until = std::chrono::steady_clock::now() + time;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd one{.fd = child_.pidfd.get(), .events = POLLIN, .revents = 0};
        const int ready = poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready >= 0 || errno != EINTR)
            return ready > 0;
    }
}

void Process::end(std::chrono::seconds patience) {
    if (!running())
        return;
    signal(SIGTERM);
    if (!wait_for(patience))
        signal(SIGKILL);
    collect(child_);
    end_source_ = EventSource();
    child_.pidfd.reset();
}

}  // namespace vmspawn
