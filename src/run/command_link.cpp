#include "run/command_link.hpp"

#include "run/notify.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::size_t link_chunk = 65536;
constexpr std::size_t longest_line = 256;
constexpr std::size_t most_ahead = std::size_t{4} << 20;  ///< that the guest has not taken; keys are seen beyond that

}  // namespace

CommandLink::CommandLink(EventLoop& loop, Messages& messages, CommandEnds ends, CallerStreams caller, Handlers handlers)
    : loop_(loop),
      messages_(messages),
      ends_(ends),
      caller_(caller),
      handlers_(std::move(handlers)),
      lines_(longest_line),
      to_guest_(loop, ends.input, {.emptied = [this] { guest_took_input(); }, .lost = [this](int) { from_caller_ = EventSource(); }}),
      output_(loop, ends.output, caller.output, {.moved = [this] { moved(); }, .lost = [this] { send_signal(SIGPIPE); }}),
      errors_(loop, ends.errors, caller.errors, {.moved = [this] { moved(); }, .lost = [this] { send_signal(SIGPIPE); }}),
      from_caller_(loop.on_io(caller.input, EPOLLIN, [this](std::uint32_t) { caller_spoke(); })),
      from_control_(loop.on_io(ends.control, EPOLLIN, [this](std::uint32_t) { control_spoke(); })) {
    if (ends.terminal)
        tell_size();
}

CommandLink::~CommandLink() {
    close_terminal();
}

void CommandLink::open_terminal() {
    raw_.emplace(caller_.input);
    messages_.set_raw(raw_->active());
    resized_ = loop_.on_signal(SIGWINCH, [this](pid_t) { tell_size(); });
    continued_ = loop_.on_signal(SIGCONT, [this](pid_t) { raw_->refresh(); });
    tell_size();
}

void CommandLink::close_terminal() {
    if (!raw_)
        return;
    resized_ = EventSource();
    continued_ = EventSource();
    raw_.reset();
    messages_.set_raw(false);
}

void CommandLink::tell_size() {
    winsize size{};
    (void)ioctl(caller_.output, TIOCGWINSZ, &size);  // else 0, which programs know as "unknown"
    say(fmt::format("size {} {}", size.ws_row, size.ws_col));
}

void CommandLink::caller_spoke() {
    std::array<char, link_chunk> buffer;
    const ssize_t size = read(caller_.input, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (size <= 0)
        return close_input();
    if (raw_)
        return type({buffer.data(), static_cast<std::size_t>(size)});
    to_guest_.give({buffer.data(), static_cast<std::size_t>(size)});
    from_caller_.enable(to_guest_.empty());
}

/// What a guest that hangs does not take is dropped, so that the keys that end it are still seen.
void CommandLink::type(std::string bytes) {
    const std::optional<HotKey> key = keys_.typed(bytes, EscapeKeys::Clock::now());
    if (to_guest_.waiting() < most_ahead)
        to_guest_.give(bytes);
    if (key)
        handlers_.typed(*key);
}

/// The guest reads the end of the file after what it has not read yet. Only our direction is shut: else QEMU would drop what waits.
void CommandLink::close_input() {
    from_caller_ = EventSource();
    shutdown(ends_.input, SHUT_WR);
}

void CommandLink::guest_took_input() {
    from_caller_.enable(true);
}

void CommandLink::control_spoke() {
    std::array<char, longest_line> buffer;
    const ssize_t size = read(ends_.control, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (size <= 0) {
        from_control_ = EventSource();
        return;
    }
    lines_.feed({buffer.data(), static_cast<std::size_t>(size)});
    while (const auto line = lines_.take())
        heed(*line);
    if (lines_.overlong())
        from_control_ = EventSource();
}

void CommandLink::heed(const std::string& line) {
    constexpr std::string_view ended = "ended ";
    if (line.starts_with("started")) {
        if (line == "started terminal")
            open_terminal();
        return handlers_.started();
    }
    if (line.starts_with(ended))
        status_ = parse_exit_status(line.substr(ended.size()));
    moved();
}

/// Whether the command's end is known with all that it wrote, and whether a finish() has waited long enough.
void CommandLink::moved() {
    if (!told_ && status_ && output_.complete() && errors_.complete()) {
        told_ = true;
        close_terminal();
        shutdown(ends_.control, SHUT_WR);  // what the guest waits for
        handlers_.ended(*status_);
    }
    if (done_ && output_.settled() && errors_.settled())
        std::exchange(done_, nullptr)();
}

void CommandLink::send_signal(int number) {
    say(sigabbrev_np(number));
}

/// A guest that does not listen is not worth waiting for.
void CommandLink::say(const std::string& line) {
    (void)!send(ends_.control, (line + "\n").data(), line.size() + 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void CommandLink::finish(std::function<void()> done) {
    from_caller_ = EventSource();
    if (from_control_)
        control_spoke();
    output_.finish();
    errors_.finish();
    done_ = std::move(done);
    moved();
}

void CommandLink::abandon() {
    if (done_)
        std::exchange(done_, nullptr)();
}

}  // namespace vmspawn
