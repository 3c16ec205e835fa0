#include "run/console.hpp"

#include "run/lines.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::size_t chunk = 16384;
/// Typed bytes that the guest has not taken. Beyond this a terminal's are dropped, so that the keys that end it are still seen.
constexpr std::size_t most_input = 65536;

bool same_terminal(int a, int b) {
    struct stat first {};
    struct stat second {};
    return isatty(a) && isatty(b) && fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_rdev == second.st_rdev;
}

}  // namespace

ConsoleLink::ConsoleLink(EventLoop& loop, Messages& messages, ConsoleKind kind, ConsoleEnds ends, Handlers handlers)
    : messages_(messages),
      kind_(kind),
      ends_(ends),
      handlers_(std::move(handlers)),
      input_is_terminal_(isatty(ends.input) == 1),
      shares_terminal_(same_terminal(ends.output, STDERR_FILENO)),
      master_again_(fcntl(ends.master, F_DUPFD_CLOEXEC, 3)),
      to_caller_(loop, ends.output,
                 {.emptied = [this] { pump(); },
                  .lost =
                      [this](int error) {
                          if (error == EIO)
                              handlers_.hang_up();
                          check_done();
                      }}),
      to_guest_(loop, master_again_.get(), {.emptied = [this] { guest_took_input(); }, .lost = [](int) {}}) {
    from_guest_ = loop.on_io(ends.master, EPOLLIN, [this](std::uint32_t) { pump(); });
    if (kind == ConsoleKind::read_only)
        return;
    raw_.emplace(ends.input);
    messages_.set_raw(raw_->active());
    from_caller_ = loop.on_io(ends.input, EPOLLIN, [this](std::uint32_t events) { caller_spoke(events); });
    if (raw_->active())
        continued_ = loop.on_signal(SIGCONT, [this](pid_t) { raw_->refresh(); });
}

ConsoleLink::~ConsoleLink() {
    messages_.set_raw(false);
}

// Reads only what the caller's side can take: a slow reader slows the guest down, nothing is lost.
void ConsoleLink::guest_spoke() {
    if (!to_caller_.empty())
        return from_guest_.enable(false);
    std::array<char, chunk> buffer;
    const ssize_t size = read(ends_.master, buffer.data(), buffer.size());
    if (size > 0) {
        to_caller_.give({buffer.data(), static_cast<std::size_t>(size)});
        remember({buffer.data(), static_cast<std::size_t>(size)});
        messages_.set_mid_line(shares_terminal_ && buffer[static_cast<std::size_t>(size) - 1] != '\n');
        return from_guest_.enable(to_caller_.empty());
    }
    const bool ended = size == 0 || (errno != EAGAIN && errno != EINTR);
    from_guest_.enable(!ended && !done_);
    check_done();
}

void ConsoleLink::remember(std::string_view bytes) {
    constexpr std::size_t kept = 4096;
    tail_.append(bytes);
    if (tail_.size() > 2 * kept)
        tail_.erase(0, tail_.size() - kept);
}

std::string ConsoleLink::last_lines() const {
    LineSplitter lines(tail_.size());
    lines.feed(tail_);
    LastWords last;
    while (const auto line = lines.take())
        last.add(*line);
    last.add(lines.rest());
    return last.text();
}

void ConsoleLink::finish(std::function<void()> done) {
    done_ = std::move(done);
    from_caller_ = EventSource();
    pump();
}

// While the end is awaited the loop cannot help: it reports what comes, not that nothing more does.
void ConsoleLink::pump() {
    do
        guest_spoke();
    while (done_ && to_caller_.empty());
}

void ConsoleLink::abandon() {
    if (done_)
        std::exchange(done_, nullptr)();
}

void ConsoleLink::check_done() {
    if (done_ && to_caller_.empty())
        std::exchange(done_, nullptr)();
}

void ConsoleLink::caller_spoke(std::uint32_t events) {
    std::array<char, chunk> buffer;
    const ssize_t size = read(ends_.input, buffer.data(), buffer.size());
    if (size > 0)
        return take_input({buffer.data(), static_cast<std::size_t>(size)});
    if (size < 0 && (errno == EINTR || (errno == EAGAIN && (events & (EPOLLHUP | EPOLLERR)) == 0)))
        return;
    caller_closed();
}

// The end of a file or pipe is only the end of typing; a terminal that ends has been hung up.
void ConsoleLink::caller_closed() {
    from_caller_ = EventSource();
    if (input_is_terminal_)
        handlers_.hang_up();
}

void ConsoleLink::take_input(std::string bytes) {
    std::optional<HotKey> typed;
    if (kind_ != ConsoleKind::transparent)
        typed = keys_.typed(bytes, EscapeKeys::Clock::now());
    if (to_guest_.waiting() < most_input)
        to_guest_.give(bytes);
    if (!input_is_terminal_ && !to_guest_.empty())
        from_caller_.enable(false);
    if (typed)
        handlers_.typed(*typed);
}

void ConsoleLink::guest_took_input() {
    from_caller_.enable(true);
}

}  // namespace vmspawn
