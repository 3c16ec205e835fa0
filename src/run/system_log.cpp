#include "run/system_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <fcntl.h>
#include <sys/uio.h>
#include <syslog.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION  // each message has its own
#include <systemd/sd-journal.h>

namespace vmspawn {

namespace {

constexpr std::uint64_t window_seconds = 5;
constexpr unsigned most_in_window = 200;

/// Below src/, whatever the compiler was given.
std::string_view file_of(const SourceLine& place) {
    const std::string_view path = place.file;
    const std::size_t at = path.rfind("src/");
    return at == std::string_view::npos ? path : path.substr(at + 4);
}

std::string joined(std::string_view text, std::string_view detail) {
    std::string all(text);
    if (!detail.empty())
        all.append("\n").append(detail);
    return all;
}

void to_journal(int level, std::string_view message, const SourceLine& place) {
    std::array<std::string, 5> fields{fmt::format("MESSAGE={}", message), fmt::format("PRIORITY={}", level), "SYSLOG_IDENTIFIER=vmspawn",
                                      fmt::format("CODE_FILE={}", file_of(place)), fmt::format("CODE_LINE={}", place.line)};
    std::array<iovec, fields.size()> parts{};
    for (std::size_t i = 0; i < fields.size(); ++i)
        parts[i] = {fields[i].data(), fields[i].size()};
    (void)sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace

std::string SystemLog::origin(const SourceLine& place) const {
    return (options_.with_tid ? fmt::format("[{}] ", gettid()) : "") +
           (options_.located ? fmt::format("{}:{}: ", file_of(place), place.line) : "");
}

bool SystemLog::too_many() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto seconds = static_cast<std::uint64_t>(now.tv_sec);
    if (seconds - window_ >= window_seconds) {
        window_ = seconds;
        said_ = 0;
    }
    return ++said_ > most_in_window;
}

void SystemLog::say(int level, std::string_view text, std::string_view detail, const SourceLine& place) {
    const std::string message = joined(text, detail);
    if (options_.target == LogTarget::journal)
        return to_journal(level, message, place);
    if (options_.target != LogTarget::kmsg || (options_.ratelimit_kmsg && too_many()))
        return;
    if (!kmsg_)
        kmsg_ = Fd(open("/dev/kmsg", O_WRONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    // One record for each line: the kernel would show the ends of lines as numbers.
    for (std::size_t begin = 0; begin < message.size();) {
        const std::size_t end = std::min(message.find('\n', begin), message.size());
        const std::string record =
            fmt::format("<{}>vmspawn[{}]: {}{}\n", LOG_DAEMON | level, getpid(), origin(place), message.substr(begin, end - begin));
        (void)!write(kmsg_.get(), record.data(), record.size());
        begin = end + 1;
    }
}

}  // namespace vmspawn
