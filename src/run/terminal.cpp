#include "run/terminal.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// Signals that end a process which does not expect them. ending_signals() come through the event loop.
constexpr std::array fatal_signals{SIGSEGV, SIGABRT, SIGBUS,    SIGFPE,  SIGILL,  SIGQUIT, SIGTRAP, SIGSYS,    SIGUSR1,
                                   SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGXFSZ, SIGPOLL, SIGSTKFLT, SIGPWR};

/// What the handler needs. It is written before `armed` is set and not touched while it is.
struct Saved {
    int fd = -1;  ///< -1: no settings were changed
    termios settings{};
    int farewell_fd = -1;
    std::array<char, 256> farewell{};
    std::size_t farewell_size = 0;
    std::array<struct sigaction, fatal_signals.size()> actions{};
    std::array<std::byte, 16384> stack{};  ///< a stack overflow leaves no other room for the handler
    stack_t stack_before{};
    std::atomic<bool> armed = false;
};
static_assert(std::atomic<bool>::is_always_lock_free);

Saved& saved() {
    static constinit Saved one;  // constant initialisation: no guard that a signal handler could meet half-way
    return one;
}

void say_farewell() {
    say_at_once(saved().farewell_fd, {saved().farewell.data(), saved().farewell_size});
}

void restore_settings() {
    if (!saved().armed.exchange(false))
        return;
    sigset_t background;
    sigset_t before;
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU);  // a process in the background would be stopped for it
    sigprocmask(SIG_BLOCK, &background, &before);
    say_farewell();
    if (saved().fd >= 0)
        tcsetattr(saved().fd, TCSANOW, &saved().settings);
    sigprocmask(SIG_SETMASK, &before, nullptr);
}

// Async-signal-safe. Puts back what was there before and sends the signal again: core dumps and statuses stay as they are.
extern "C" void restore_and_die(int number) {
    restore_settings();
    for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
        if (fatal_signals[i] == number)
            sigaction(number, &saved().actions[i], nullptr);
    }
    raise(number);
}

void install_handlers() {
    stack_t stack{};
    stack.ss_sp = saved().stack.data();
    stack.ss_size = saved().stack.size();
    sigaltstack(&stack, &saved().stack_before);
    struct sigaction action {};
    action.sa_handler = restore_and_die;
    action.sa_flags = SA_ONSTACK | SA_NODEFER;
    for (std::size_t i = 0; i < fatal_signals.size(); ++i) {
        sigaction(fatal_signals[i], nullptr, &saved().actions[i]);
        if (saved().actions[i].sa_handler != SIG_IGN)
            sigaction(fatal_signals[i], &action, nullptr);
    }
}

void remove_handlers() {
    for (std::size_t i = 0; i < fatal_signals.size(); ++i)
        sigaction(fatal_signals[i], &saved().actions[i], nullptr);
    sigaltstack(&saved().stack_before, nullptr);
}

void set_mode(int fd, TypingMode mode, termios settings) {
    if (mode == TypingMode::raw)
        cfmakeraw(&settings);
    else
        settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(fd, TCSANOW, &settings);
}

}  // namespace

// A terminal that says that it takes something takes this much; one that takes nothing must not keep us. Async-signal-safe.
void say_at_once(int terminal, std::string_view text) {
    constexpr std::size_t most = 256;
    pollfd one{.fd = terminal, .events = POLLOUT, .revents = 0};
    if (!text.empty() && poll(&one, 1, 0) == 1 && (one.revents & POLLOUT) != 0)
        (void)!write(terminal, text.data(), std::min(text.size(), most));
}

bool takes_sequences(int terminal) {
    const char* kind = std::getenv("TERM");
    return kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb" && isatty(terminal) == 1;
}

bool is_in_front(int terminal) {
    const pid_t front = tcgetpgrp(terminal);
    return isatty(terminal) == 1 && (front < 0 || front == getpgrp());
}

RawTerminal::RawTerminal(int fd, Farewell farewell, TypingMode mode) : mode_(mode) {
    if (saved().armed)
        return;
    const bool is_terminal = fd >= 0 && tcgetattr(fd, &saved().settings) == 0;
    if (!is_terminal && farewell.text.empty())
        return;
    saved().fd = is_terminal ? fd : -1;
    saved().farewell_fd = farewell.fd;
    saved().farewell_size = farewell.text.copy(saved().farewell.data(), saved().farewell.size());
    install_handlers();
    saved().armed = true;
    armed_ = true;
    fd_ = saved().fd;
    refresh();
}

RawTerminal::~RawTerminal() {
    if (!armed_)
        return;
    restore_settings();
    remove_handlers();
}

void RawTerminal::refresh() {
    if (active())
        set_mode(fd_, mode_, saved().settings);
}

void RawTerminal::put_back() {
    if (!active())
        return;
    if (is_in_front(fd_))
        tcsetattr(fd_, TCSANOW, &saved().settings);
    saved().armed = false;
    saved().fd = fd_ = -1;
    saved().armed = true;
}

}  // namespace vmspawn
