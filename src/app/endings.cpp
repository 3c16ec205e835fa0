// How machines have ended, for those who wait or ask later.
#include "app/machines.hpp"
#include "app/output.hpp"
#include "base/text.hpp"
#include "plan/record.hpp"
#include "run/machine_ending.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using namespace std::chrono;

std::string age_text(std::uint64_t since) {
    const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch());
    const auto age = std::max(seconds(0), now - duration_cast<seconds>(microseconds(since)));
    if (age < minutes(1))
        return fmt::format("{} s", age.count());
    return age < hours(1) ? fmt::format("{} min", duration_cast<minutes>(age).count())
                          : fmt::format("{} h", duration_cast<hours>(age).count());
}

std::string first_line(const std::string& words) {
    return printable(words.substr(0, words.find('\n')));
}

/// The whole of it, later lines indented as those of messages.
int tell(const std::string& name, const MachineEnding& ending) {
    if (ending.status == 0)
        return 0;
    std::string lines;
    for (std::size_t begin = 0; begin < ending.words.size();) {
        const std::size_t end = std::min(ending.words.find('\n', begin), ending.words.size());
        lines += (lines.empty() ? ": " : "\n  ") + printable(ending.words.substr(begin, end - begin));
        begin = end + 1;
    }
    return complain(fmt::format("{} ended with status {}{}", printable(name), ending.status, lines), ending.status);
}

Fd open_ending(const ListedMachine& machine) {
    return Fd(open(fmt::format("{}/{}", machine.path, ending_file).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

std::optional<MachineEnding> ending_in(const Fd& file) {
    std::array<char, 16384> text{};
    const ssize_t size = file ? pread(file.get(), text.data(), text.size(), 0) : 0;
    return size > 0 ? read_ending({text.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

}  // namespace

std::string ending_text(const PastMachine& past) {
    const std::string words = first_line(past.ending.words);
    return fmt::format("it ended {} ago with status {}{}", age_text(past.ended), past.ending.status, words.empty() ? "" : ": " + words);
}

/// The file must be open before it goes; one that has just begun to start has none yet.
int wait_for_ending(const ListedMachine& machine, std::optional<steady_clock::time_point> until) {
    const Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    const bool watches = watch && inotify_add_watch(watch.get(), machine.path.c_str(), IN_CREATE) >= 0;
    Fd file = open_ending(machine);
    while (!has_ended(machine)) {
        if (!wait_for_news(machine, file || !watches ? -1 : watch.get(), until))
            return complain(fmt::format("{} still runs", machine.name), ETIMEDOUT);
        if (!file)
            file = open_ending(machine);
    }
    if (const auto ending = ending_in(file))
        return tell(machine.name, *ending);
    if (file)
        return complain(fmt::format("{} ended, and its vmspawn could not say how: it was killed", printable(machine.name)), EIO);
    return tell_past(machine.name);
}

int tell_past(const std::string& name) {
    const auto past = find_past(bases(), name);
    return past ? tell(name, past->ending) : 0;
}

}  // namespace vmspawn
