#include "run/messages.hpp"

#include "base/text.hpp"
#include "run/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::string_view no_colour;
constexpr std::string_view yellow = "\033[33m";
constexpr std::string_view red = "\033[31m";
constexpr std::string_view reset = "\033[0m";
constexpr std::string_view erase_line = "\r\033[K";
constexpr std::string_view end_of_sequence = "\033\\";  ///< of any, and nothing where none was begun

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EAGAIN) {  // somebody has made the open file so that we share with them
            pollfd room{.fd = fd, .events = POLLOUT, .revents = 0};
            if (poll(&room, 1, -1) >= 0 || errno == EINTR)
                continue;
        }
        if (written < 0)
            return;  // nobody is left to hear it
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

/// "2026-11-26 02:31:21 "
std::string now() {
    const std::time_t seconds = std::time(nullptr);
    std::tm local{};
    char text[32] = "";
    if (localtime_r(&seconds, &local) != nullptr)
        std::strftime(text, sizeof text, "%F %T ", &local);
    return text;
}

std::size_t columns_of(int terminal) {
    constexpr std::size_t usual = 80;
    winsize size{};
    return ioctl(terminal, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

std::string beginning(std::string_view text, std::string_view detail) {
    constexpr std::size_t enough = 4096;
    const std::string all = std::string(text) + (detail.empty() ? "" : "\n") + std::string(detail);
    return all.size() <= enough ? all : all.substr(0, all.rfind('\n', enough) == std::string::npos ? enough : all.rfind('\n', enough));
}

}  // namespace

Unfinished unfinished_after(Unfinished before, std::string_view bytes) {
    const std::size_t last = bytes.rfind('\n');
    if (last != std::string_view::npos) {
        before = Unfinished::nothing;
        bytes.remove_prefix(last + 1);
    }
    if (bytes.empty() || before == Unfinished::controls)
        return before;
    return bytes.find('\033') == std::string_view::npos ? Unfinished::text : Unfinished::controls;
}

Messages::Messages(const RunOptions& options, int fd) : options_(options), fd_(fd), log_(options) {}

void Messages::status(std::string_view text, std::string_view detail, SourceLine place) {
    say(LOG_INFO, no_colour, text, detail, place);
}

void Messages::warning(std::string_view text, std::string_view detail, SourceLine place) {
    say(LOG_WARNING, yellow, text, detail, place);
}

void Messages::error(std::string_view text, std::string_view detail, SourceLine place) {
    say(LOG_ERR, red, text, detail, place);
}

void Messages::repeat(int level, std::string_view lines, SourceLine place) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view detail = lines.substr(std::min(end + 1, lines.size()));
    say(level, level <= LOG_ERR ? red : level <= LOG_WARNING ? yellow : no_colour, lines.substr(0, end), detail, place);
}

void Messages::progress(std::string_view text, std::string_view end) {
    const bool is_heard = options_.progress && !options_.quiet && options_.level >= LOG_INFO && options_.target == LogTarget::console;
    if (text.empty() ? !progress_shown_ : !is_heard || !is_in_front(fd_))
        return;
    progress_shown_ = !text.empty();
    if (text.empty())
        return write_all(fd_, erase_line);
    const std::string head = "vmspawn: ";
    const std::size_t room = columns_of(fd_) - std::min(columns_of(fd_), display_width(head) + display_width(end) + 1);
    write_all(fd_, fmt::format("{}{}{}{}", erase_line, head, shortened(text, std::max<std::size_t>(room, 1)), end));
}

void Messages::say(int level, std::string_view colour, std::string_view text, std::string_view detail, const SourceLine& place) {
    if (level <= LOG_ERR)
        last_error_ = beginning(text, detail);
    if (witness_)
        witness_(level, text, detail);
    if (level > options_.level || (options_.quiet && level == LOG_INFO))
        return;
    if (options_.target != LogTarget::console && options_.target != LogTarget::console_prefixed)
        return log_.say(level, text, detail, place);
    const std::string_view end = raw_ && isatty(fd_) ? "\r\n" : "\n";
    const bool coloured = options_.colour && !colour.empty();
    std::string line(std::exchange(progress_shown_, false) ? erase_line : "");
    if (unfinished_ != Unfinished::nothing && isatty(fd_))
        line.append(unfinished_ == Unfinished::controls ? end_of_sequence : "").append(end);
    const std::string prefix = options_.target == LogTarget::console_prefixed ? fmt::format("<{}>", level) : "";
    line.append(prefix).append(options_.timed ? now() : "");
    line.append("vmspawn: ").append(log_.origin(place));
    line.append(coloured ? colour : "").append(text).append(coloured ? std::string(reset) + background_ : "").append(end);
    while (!detail.empty()) {
        const std::size_t stop = detail.find('\n');
        line.append(prefix).append("  ").append(detail.substr(0, stop)).append(end);
        detail.remove_prefix(stop == std::string_view::npos ? detail.size() : stop + 1);
    }
    unfinished_ = Unfinished::nothing;
    if (!queue_ || !queue_(line))
        write_all(fd_, line);
}

}  // namespace vmspawn
