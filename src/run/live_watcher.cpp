#include "run/live_watcher.hpp"

#include "base/clock.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <utility>

namespace vmspawn {

namespace {

/// "ROWS COLUMNS"
TerminalSize read_size(const std::string& text) {
    TerminalSize size;
    const char* end = text.data() + text.size();
    const auto [after, error] = std::from_chars(text.data(), end, size.rows);
    if (error == std::errc() && after != end)
        std::from_chars(after + 1, end, size.columns);
    return size;
}

}  // namespace

LiveWatcher::LiveWatcher(EventLoop& loop, Fd socket, Powers powers, Handlers handlers, const std::string& kept)
    : socket_(std::move(socket)),
      output_(fcntl(socket_.get(), F_DUPFD_CLOEXEC, 3)),
      powers_(powers),
      handlers_(std::move(handlers)),
      keys_(powers.keys),
      said_(loop, output_.get(), {.emptied = [this] { caught_up(); }, .lost = [this](int) { gone_ = true; }}) {
    readable_ = loop.on_io(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_some(); });
    said_.give(kept);
    said_.give(packed(LiveEntry::Kind::live, microseconds_since_1970(), ""));
}

void LiveWatcher::show(const std::string& entry) {
    if (leaving_)
        return;
    if (dropped_ > 0 || said_.waiting() > most_waiting)
        dropped_ += entry.size();
    else
        said_.give(entry);
}

void LiveWatcher::caught_up() {
    if (leaving_)
        return leave();
    if (const std::size_t dropped = std::exchange(dropped_, 0); dropped > 0)
        said_.give(packed(LiveEntry::Kind::said, microseconds_since_1970(),
                          fmt::format("{}{} bytes came faster than they were read, and are not shown here", LOG_WARNING, dropped)));
}

void LiveWatcher::read_some() {
    std::array<char, 16384> bytes{};
    const ssize_t size = recv(socket_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size <= 0)
        return leave();
    busy_ = true;
    heard_.feed({bytes.data(), static_cast<std::size_t>(size)});
    while (auto entry = heard_.take())
        take(*std::move(entry));
    if (heard_.broken())
        leave();
    busy_ = false;
}

void LiveWatcher::take(LiveEntry entry) {
    if (gone_ || leaving_)
        return;
    if (entry.kind == LiveEntry::Kind::typed)
        take_typed(std::move(entry.bytes));
    else if (entry.kind == LiveEntry::Kind::size && powers_.types)
        handlers_.resized(read_size(entry.bytes));
}

void LiveWatcher::take_typed(std::string bytes) {
    const std::optional<HotKey> key = keys_.typed(bytes, EscapeKeys::Clock::now());
    if (powers_.types && !bytes.empty())
        handlers_.typed(std::move(bytes));
    if (!key)
        return;
    if (*key != HotKey::detach)
        return handlers_.key(*key);
    leaving_ = true;
    said_.give(packed(LiveEntry::Kind::detached, microseconds_since_1970(), ""));
    if (said_.empty())
        leave();
}

/// What it was given last is still in its socket.
void LiveWatcher::leave() {
    gone_ = true;
    readable_ = EventSource();
    shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace vmspawn
