// What a machine shows, the output of its console and vmspawn's own lines: all since it started (logs), or on this terminal (console).
#include "app/machines.hpp"
#include "app/output.hpp"
#include "base/file.hpp"
#include "base/plain_text.hpp"
#include "base/text.hpp"
#include "run/console_client.hpp"
#include "run/transcript.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;

/// False of any function: nobody reads our output any more.
class LogPrinter {
public:
    enum class Form {
        bytes,   ///< as cat does
        plain,   ///< for a terminal: lines without what would do more than show
        records  ///< a line of JSON for each line
    };
    LogPrinter(std::string machine, Form form) : machine_(std::move(machine)), form_(form) {}

    bool show(const LiveEntry& entry);
    /// Also what no new line has ended.
    bool finish();

private:
    std::string machine_;
    Form form_;
    PlainText plain_;
    std::string line_;              ///< of the console, not complete yet
    std::uint64_t line_began_ = 0;  ///< microseconds
    bool mid_line_ = false;         ///< of what was printed as it is

    bool show_output(const LiveEntry& entry);
    bool show_message(const LiveEntry& entry);
    bool show_line(std::string_view line, std::uint64_t time);
    bool print_json(std::uint64_t time, const char* source, std::string_view text, const char* level = nullptr) const;
};

/// Tabs stay.
std::string shown_line(std::string_view line) {
    std::string shown;
    for (std::size_t tab = line.find('\t'); tab != std::string_view::npos; tab = line.find('\t')) {
        shown += printable(line.substr(0, tab)) + '\t';
        line.remove_prefix(tab + 1);
    }
    return shown + printable(line) + "\n";
}

bool LogPrinter::show(const LiveEntry& entry) {
    if (entry.kind == LiveEntry::Kind::output)
        return show_output(entry);
    return entry.kind != LiveEntry::Kind::said || entry.bytes.empty() || show_message(entry);
}

bool LogPrinter::show_output(const LiveEntry& entry) {
    if (form_ == Form::bytes) {
        mid_line_ = !entry.bytes.ends_with('\n');
        return print(entry.bytes) == 0;
    }
    const std::string text = plain_.pass(entry.bytes);
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        if (line_.empty())
            line_began_ = entry.time;
        line_ += text.substr(begin, end - begin);
        if (end == std::string::npos)
            break;
        if (!show_line(std::exchange(line_, {}), line_began_))
            return false;
        begin = end + 1;
    }
    return true;
}

bool LogPrinter::show_line(std::string_view line, std::uint64_t time) {
    return form_ == Form::records ? print_json(time, "console", line) : print(shown_line(line)) == 0;
}

bool LogPrinter::show_message(const LiveEntry& entry) {
    constexpr std::array levels{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    const std::string_view text = std::string_view(entry.bytes).substr(1);
    const auto level = static_cast<std::size_t>(entry.bytes[0] - '0');
    if (form_ == Form::records)
        return print_json(entry.time, "vmspawn", text, levels[std::min(level, levels.size() - 1)]);
    if (!finish())
        return false;
    std::string lines = "vmspawn: ";
    for (const char c : text)
        lines += c == '\n' ? "\n  " : std::string(1, c);
    return print(lines + "\n") == 0;
}

bool LogPrinter::finish() {
    if (form_ == Form::bytes)
        return !std::exchange(mid_line_, false) || print("\n") == 0;
    return line_.empty() || show_line(std::exchange(line_, {}), line_began_);
}

bool LogPrinter::print_json(std::uint64_t time, const char* source, std::string_view text, const char* level) const {
    json line{{"machine", machine_}, {"source", source}, {"text", text}};
    if (time != 0)
        line["time"] = time;
    if (level != nullptr)
        line["level"] = level;
    return print(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n") == 0;
}

/// Where no console goes through vmspawn but QEMU writes it to a file: that file, with what runs before this one have appended.
int show_console_log(const ListedMachine& machine, LogPrinter& printer) {
    constexpr std::size_t longest = std::size_t{256} << 20;
    const Result<std::string> text = read_file(machine.console_log, longest);
    if (!text)
        return complain(text.failure());
    return printer.show({.kind = LiveEntry::Kind::output, .time = 0, .bytes = *text}) ? 0 : EPIPE;
}

int show_kept(const ListedMachine& machine, LogPrinter& printer) {
    EntryReader entries;
    entries.feed(read_transcript(machine.path));
    bool has_output = false;
    while (const auto entry = entries.take()) {
        has_output |= entry->kind == LiveEntry::Kind::output;
        if (!printer.show(*entry))
            return EPIPE;
    }
    if (!has_output && !machine.console_log.empty())
        if (const int status = show_console_log(machine, printer); status != 0)
            return status;
    return printer.finish() ? 0 : EPIPE;
}

/// What was kept, and then what comes until the machine's end.
int follow(const ListedMachine& machine, LogPrinter& printer) {
    Result<ConsoleConnection> connection = attach_console(machine);
    if (!connection)
        return complain(connection.failure());
    while (true) {
        while (const auto entry = connection->heard.take()) {
            if (entry->kind == LiveEntry::Kind::ended)
                return printer.finish() ? 0 : EPIPE;
            if (!printer.show(*entry))
                return EPIPE;
        }
        pollfd file{connection->socket.get(), POLLIN, 0};
        std::array<char, 65536> bytes;
        if (poll(&file, 1, -1) < 0)
            continue;
        const ssize_t size = recv(connection->socket.get(), bytes.data(), bytes.size(), 0);
        if (size > 0)
            connection->heard.feed({bytes.data(), static_cast<std::size_t>(size)});
        else if (size == 0 || (errno != EAGAIN && errno != EINTR))
            return printer.finish() ? 0 : EPIPE;
    }
}

}  // namespace

int show_logs(const Invocation& said, const ListedMachine& machine) {
    const bool is_terminal = isatty(STDOUT_FILENO) == 1;
    LogPrinter printer(machine.name, said.format == "json" ? LogPrinter::Form::records
                                     : is_terminal         ? LogPrinter::Form::plain
                                                           : LogPrinter::Form::bytes);
    return said.follow ? follow(machine, printer) : show_kept(machine, printer);
}

int view(const Invocation& said, const ListedMachine& machine) {
    Result<ConsoleConnection> connection = attach_console(machine);
    if (!connection)
        return complain(connection.failure());
    Messages messages(wanted_messages(said.quiet));
    const bool types = connection->types && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
    messages.status(types ? "attached to " + machine.name + "; ^]^]] leaves it running, ^]^]? shows the other keys"
                          : "the console of " + machine.name + ", read-only");
    const Result<ViewEnd> end = view_console(machine, *std::move(connection), messages);
    if (!end)
        return complain(end.failure());
    switch (*end) {
        case ViewEnd::machine_ended:
            messages.status(machine.name + " has ended");
            return 0;
        case ViewEnd::detached:
            messages.status("left " + machine.name + ", which goes on");
            return 0;
        case ViewEnd::signalled:
            return 0;
        case ViewEnd::reader_gone:
            return EPIPE;
        case ViewEnd::cut_off:
            break;
    }
    return complain("the connection to " + machine.name + " is gone, but it still runs", ECONNRESET);
}

}  // namespace vmspawn
