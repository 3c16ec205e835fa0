#include "run/messages.hpp"

#include <cerrno>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::string_view plain;
constexpr std::string_view yellow = "\033[33m";
constexpr std::string_view red = "\033[31m";
constexpr std::string_view reset = "\033[0m";

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return;  // nobody is left to hear it
        text.remove_prefix(static_cast<std::size_t>(written));
    }
}

}  // namespace

Messages::Messages(const RunOptions& options, int fd) : options_(options), fd_(fd) {}

void Messages::status(std::string_view text, std::string_view detail) {
    if (!options_.quiet)
        say(plain, text, detail);
}

void Messages::warning(std::string_view text, std::string_view detail) {
    say(yellow, text, detail);
}

void Messages::error(std::string_view text, std::string_view detail) {
    say(red, text, detail);
}

void Messages::say(std::string_view colour, std::string_view text, std::string_view detail) {
    const std::string_view end = raw_ && isatty(fd_) ? "\r\n" : "\n";
    const bool coloured = options_.colour && !colour.empty();
    std::string line(mid_line_ && isatty(fd_) ? end : "");
    line.append("vmspawn: ");
    line.append(coloured ? colour : "").append(text).append(coloured ? reset : "").append(end);
    while (!detail.empty()) {
        const std::size_t stop = detail.find('\n');
        line.append("  ").append(detail.substr(0, stop)).append(end);
        detail.remove_prefix(stop == std::string_view::npos ? detail.size() : stop + 1);
    }
    mid_line_ = false;
    write_all(fd_, line);
}

}  // namespace vmspawn
