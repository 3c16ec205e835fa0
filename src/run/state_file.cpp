#include "run/state_file.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"
#include "plan/record.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;

/// The value of that name when it has the type of `value`.
template <class T>
void take(const json& object, const char* name, T& value) {
    const auto found = object.find(name);
    if (found == object.end())
        return;
    const bool fits = std::is_same_v<T, bool>          ? found->is_boolean()
                      : std::is_same_v<T, std::string> ? found->is_string()
                                                       : found->is_number_unsigned();
    if (fits)
        value = found->template get<T>();
}

void take_pid(const json& object, pid_t& pid) {
    std::uint32_t number = 0;
    take(object, "pid", number);
    pid = static_cast<pid_t>(number);
}

}  // namespace

Result<ProcessFacts> facts_of(pid_t process) {
    const auto text = read_file(fmt::format("/proc/{}/stat", process), 4096);
    const std::size_t name_end = text ? text->rfind(')') : std::string::npos;  // the name may hold anything
    if (name_end == std::string::npos)
        return Failure{ESRCH, fmt::format("look at process {}", process), ""};
    std::istringstream rest(text->substr(name_end + 1));
    const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
    // the first is the third of proc(5)
    constexpr std::size_t ppid = 1, utime = 11, stime = 12, starttime = 19, rss = 21;
    if (fields.size() <= rss)
        return Failure{ESRCH, fmt::format("look at process {}", process), ""};
    const auto number = [&](std::size_t at) { return std::strtoull(fields[at].c_str(), nullptr, 10); };
    const auto tick = static_cast<std::uint64_t>(std::max(1L, sysconf(_SC_CLK_TCK)));
    return ProcessFacts{.parent = static_cast<pid_t>(number(ppid)),
                        .ticks = number(starttime),
                        .cpu = (number(utime) + number(stime)) * 1'000'000 / tick,
                        .memory = number(rss) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE))};
}

std::string to_json(const MachineState& state) {
    json processes = json::object();
    for (const NamedProcess& process : state.processes)
        processes[process.name] = process.pid;
    const json record = {
        {"version", record_version}, {"pid", state.pid},           {"ticks", state.ticks},   {"since", state.since},
        {"ready", state.ready},      {"stopping", state.stopping}, {"status", state.status}, {"processes", std::move(processes)}};
    return record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

bool read_state(std::string_view text, MachineState& state) {
    const json record = json::parse(text, nullptr, false);
    if (!record.is_object())
        return false;
    take_pid(record, state.pid);
    take(record, "ticks", state.ticks);
    take(record, "since", state.since);
    take(record, "ready", state.ready);
    take(record, "stopping", state.stopping);
    take(record, "status", state.status);
    if (const auto processes = record.find("processes"); processes != record.end() && processes->is_object())
        for (const auto& [name, pid] : processes->items())
            if (pid.is_number_unsigned())
                state.processes.push_back({name, static_cast<pid_t>(pid.get<std::uint32_t>())});
    return state.pid > 0;
}

StateFile::StateFile(Fd directory) : directory_(std::move(directory)) {
    state_.pid = getpid();
    if (const Result<ProcessFacts> facts = facts_of(state_.pid))
        state_.ticks = facts->ticks;
    state_.since = microseconds_since_1970();
    write();
}

void StateFile::tell(std::string_view lines) {
    for (std::size_t begin = 0; begin < lines.size();) {
        const std::size_t end = std::min(lines.find('\n', begin), lines.size());
        const std::string_view line = lines.substr(begin, end - begin);
        constexpr std::string_view status = "STATUS=";
        if (line.starts_with(status))
            state_.status = line.substr(status.size());
        state_.ready |= line == "READY=1";
        state_.stopping |= line == "STOPPING=1";
        begin = end + 1;
    }
    write();
}

void StateFile::set_processes(std::vector<NamedProcess> processes) {
    state_.processes = std::move(processes);
    write();
}

void StateFile::expect_ending() {
    ending_ = Fd(openat(directory_.get(), ending_file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
}

void StateFile::tell_ending(const MachineEnding& ending, const std::string& background) {
    const std::string text = to_json(ending);
    (void)!::write(ending_.get(), text.data(), text.size());
    if (ending.status != 0 && !background.empty())
        write_beside(("../" + past_file(background)).c_str(), text);
}

void StateFile::write() const {
    write_beside(state_file, to_json(state_));
}

void StateFile::write_beside(const char* name, std::string_view text) const {
    (void)write_file(fmt::format("/proc/self/fd/{}/{}", directory_.get(), name), text, Existing::replace, 0600);
}

}  // namespace vmspawn
