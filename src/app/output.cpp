#include "app/output.hpp"

#include "base/result.hpp"
#include "language/formats.hpp"
#include "run/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

namespace vmspawn {

Colour wanted_colour(int fd) {
    const char* variable = std::getenv("SYSTEMD_COLORS");
    const std::string_view said = variable != nullptr ? variable : "";
    if (const auto wanted = said == "16" || said == "256" || said == "24bit" ? std::optional(true) : parse_boolean(said))
        return *wanted ? Colour::yes : Colour::no;
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    const bool plain = (no_colour != nullptr && *no_colour != '\0') || terminal == nullptr || std::string_view(terminal) == "dumb";
    return !plain && ::isatty(fd) == 1 ? Colour::yes : Colour::no;
}

std::string manual_hint() {
    constexpr std::string_view page = "vmspawn(1)";
    const char* said = std::getenv("SYSTEMD_URLIFY");
    const bool links = parse_boolean(said != nullptr ? said : "").value_or(takes_sequences(STDOUT_FILENO));
    return fmt::format("\nSee {} for the keys of a definition and all else.\n",
                       links ? fmt::format("\033]8;;man:{0}\033\\{0}\033]8;;\033\\", page) : page);
}

namespace {

/// Is standard error what systemd connected to the journal? As $JOURNAL_STREAM tells: device and inode.
bool stderr_is_journal() {
    const char* said = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return said != nullptr && fstat(STDERR_FILENO, &status) == 0 && fmt::format("{}:{}", status.st_dev, status.st_ino) == said;
}

/// The first of the wanted that takes something: where there is no journal, the kernel's log, and at last standard error.
LogTarget log_target(std::string_view said) {
    const bool has_journal = access("/run/systemd/journal/socket", W_OK) == 0;
    const bool has_kmsg = access("/dev/kmsg", W_OK) == 0;
    if (said == "null")
        return LogTarget::nowhere;
    if (said == "console-prefixed")
        return LogTarget::console_prefixed;
    const bool is_auto = (said.empty() || said == "auto") && stderr_is_journal();
    if (has_journal && (said == "journal" || said == "journal-or-kmsg" || is_auto))
        return LogTarget::journal;
    if (is_auto)
        return LogTarget::console_prefixed;  // which the journal's end reads
    return has_kmsg && (said == "kmsg" || said == "journal" || said == "journal-or-kmsg") ? LogTarget::kmsg : LogTarget::console;
}

/// Lines of what has no run yet. The journal reads of each how bad it is.
void say(std::string_view text, int level) {
    const std::string prefix = stderr_is_journal() ? fmt::format("<{}>", level) : "";
    std::string lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
        lines.append(prefix).append(text.substr(begin, end - begin));
        begin = end;
    }
    std::fputs(lines.c_str(), stderr);
}

}  // namespace

RunOptions wanted_messages(bool quiet) {
    RunOptions options{quiet, wanted_colour(STDERR_FILENO) == Colour::yes};
    const auto said = [](const char* name) {
        const char* value = std::getenv(name);
        return std::string_view(value != nullptr ? value : "");
    };
    constexpr std::array<std::string_view, 8> levels{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    for (std::size_t level = 0; level < levels.size(); ++level)
        if (said("SYSTEMD_LOG_LEVEL") == levels[level] || said("SYSTEMD_LOG_LEVEL") == std::to_string(level))
            options.level = static_cast<int>(level);
    options.progress = takes_sequences(STDERR_FILENO);
    options.colour = parse_boolean(said("SYSTEMD_LOG_COLOR")).value_or(options.colour);
    options.timed = parse_boolean(said("SYSTEMD_LOG_TIME")).value_or(false);
    options.located = parse_boolean(said("SYSTEMD_LOG_LOCATION")).value_or(false);
    options.with_tid = parse_boolean(said("SYSTEMD_LOG_TID")).value_or(false);
    options.ratelimit_kmsg = parse_boolean(said("SYSTEMD_LOG_RATELIMIT_KMSG")).value_or(true);
    options.target = log_target(said("SYSTEMD_LOG_TARGET"));
    return options;
}

int print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
        return 0;
    const Failure failure = failed("write standard output");
    return complain(failure);
}

int report(Diagnostics found, std::string_view format) {
    found.sort_by_place();
    if (format == "json")
        std::fputs(found.empty() ? "" : render_json(found).c_str(), stderr);
    else
        say(render(found, wanted_colour(STDERR_FILENO)), found.has_errors() ? LOG_ERR : LOG_WARNING);
    return found.status();
}

int complain(std::string_view text, int status) {
    say(fmt::format("vmspawn: {}\n", text), LOG_ERR);
    return status;
}

int complain(const Failure& failure) {
    return complain(to_string(failure), failure.error);
}

}  // namespace vmspawn
