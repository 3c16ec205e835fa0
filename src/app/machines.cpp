// The verbs about running machines: list, status, stop, kill, wait. What needs an answer of the machine itself is in control.cpp, and what
// it shows in logs.cpp.
#include "app/machines.hpp"

#include "app/output.hpp"
#include "base/text.hpp"
#include "host/surroundings.hpp"
#include "run/guest_ssh.hpp"
#include "run/machines.hpp"
#include "run/messages.hpp"
#include "run/pidfd.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

std::string state_word(const MachineState& state) {
    return state.stopping ? "stopping" : state.ready ? "running" : "starting";
}

std::string time_text(std::uint64_t microseconds) {
    const auto seconds = static_cast<std::time_t>(microseconds / 1'000'000);
    std::tm local{};
    localtime_r(&seconds, &local);
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", local);
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::array units{"B", "K", "M", "G", "T"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit)
        value /= 1024;
    return unit == 0 || value == static_cast<double>(static_cast<std::uint64_t>(value)) ? fmt::format("{:.0f}{}", value, units[unit])
                                                                                        : fmt::format("{:.1f}{}", value, units[unit]);
}

/// Whether the file was written after the machine started; nothing: it is not there any more.
std::optional<bool> changed_since(const ListedMachine& machine) {
    std::error_code gone;
    const auto written = std::filesystem::last_write_time(machine.definition, gone);
    if (gone)
        return std::nullopt;
    const auto clock = std::chrono::file_clock::to_sys(written).time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(clock).count()) > machine.state.since;
}

/// Of vmspawn and its children together.
ProcessFacts usage_of(const ListedMachine& machine) {
    ProcessFacts all;
    const auto add = [&all](pid_t process) {
        if (const Result<ProcessFacts> one = facts_of(process)) {
            all.memory += one->memory;
            all.cpu += one->cpu;
        }
    };
    add(machine.state.pid);
    for (const NamedProcess& process : machine.state.processes)
        add(process.pid);
    return all;
}

json record_of(const ListedMachine& machine) {
    json processes = json::object({{"vmspawn", machine.state.pid}});
    for (const NamedProcess& process : machine.state.processes)
        processes[process.name] = process.pid;
    const ProcessFacts usage = usage_of(machine);
    json facts{{"version", 1},
               {"name", machine.name},
               {"state", state_word(machine.state)},
               {"status", machine.state.status},
               {"since", machine.state.since},
               {"definition", machine.definition},
               {"description", machine.description},
               {"image", machine.image},
               {"cpus", machine.cpus},
               {"ram", machine.ram},
               {"memory", usage.memory},
               {"cpu", usage.cpu},
               {"network", machine.announced},
               {"console-log", machine.console_log},
               {"ssh", machine.has_key},
               {"runtime-directory", machine.path},
               {"processes", std::move(processes)}};
    if (!machine.definition.empty()) {
        const auto changed = changed_since(machine);
        facts["definition-changed"] = changed ? json(*changed) : json();
    }
    return facts;
}

std::string dumped(const json& value) {
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string table(const std::vector<ListedMachine>& machines, const std::vector<PastMachine>& past) {
    std::size_t widest = 4;
    for (const ListedMachine& machine : machines)
        widest = std::max(widest, machine.name.size());
    for (const PastMachine& machine : past)
        widest = std::max(widest, machine.name.size());
    std::string text = fmt::format("{:<{}}  {:<8}  {:<19}  {:>7}  {}\n", "NAME", widest, "STATE", "SINCE", "PID", "DEFINITION");
    for (const ListedMachine& machine : machines)
        text += fmt::format("{:<{}}  {:<8}  {:<19}  {:>7}  {}\n", printable(machine.name), widest, state_word(machine.state),
                            time_text(machine.state.since), machine.state.pid,
                            machine.definition.empty() ? "-" : printable(machine.definition));
    for (const PastMachine& machine : past)
        text += fmt::format("{:<{}}  {:<8}  {:<19}  {:>7}  {}\n", printable(machine.name), widest, "failed", time_text(machine.ended), "-",
                            ending_text(machine));
    return text;
}

/// Lines of "     Label: value", the first of several alone with the label.
void add(std::string& text, std::string_view label, const std::string& value) {
    if (!value.empty())
        text += fmt::format("{:>11}{} {}\n", label, label.empty() ? " " : ":", printable(value));
}

std::string definition_text(const ListedMachine& machine) {
    if (machine.definition.empty())
        return "";
    const auto changed = changed_since(machine);
    return machine.definition + (!changed ? " (gone)" : *changed ? " (changed since the start)" : "");
}

std::string description_of(const ListedMachine& machine) {
    std::string text = machine.name + (machine.description.empty() ? "" : " - " + machine.description) + "\n";
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - std::chrono::microseconds(machine.state.since));
    add(text, "State", fmt::format("{} since {} ({:%H:%M:%S})", state_word(machine.state), time_text(machine.state.since), age));
    add(text, "Status", machine.state.status);
    add(text, "Definition", definition_text(machine));
    add(text, "Image", machine.image);
    const ProcessFacts usage = usage_of(machine);
    add(text, "Memory", fmt::format("{} of {}", size_text(usage.memory), size_text(machine.ram)));
    add(text, "CPU", fmt::format("{:.1f} s on {} of the guest's", static_cast<double>(usage.cpu) / 1e6, machine.cpus));
    for (std::size_t i = 0; i < machine.announced.size(); ++i)
        add(text, i == 0 ? "Network" : "", machine.announced[i]);
    add(text, "Console log", machine.console_log);
    add(text, "SSH", machine.has_key ? "vmspawn ssh " + machine.name : "");
    add(text, "Processes", fmt::format("vmspawn {}", machine.state.pid));
    for (const NamedProcess& process : machine.state.processes)
        add(text, "", fmt::format("{} {}", process.name, process.pid));
    return text;
}

/// Ctrl-C ends us while we wait, not the machine.
void release_signals() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

int wait_until_ended(const ListedMachine& machine) {
    while (!has_ended(machine))
        (void)wait_for_news(machine, -1, std::nullopt);
    return 0;
}

int wait_until_ready(const ListedMachine& machine, std::optional<Clock::time_point> until) {
    const Fd watch(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch || inotify_add_watch(watch.get(), machine.path.c_str(), IN_MOVED_TO) < 0)
        return complain(fmt::format("could not watch {}: {}", machine.path, std::strerror(errno)), errno);
    while (true) {
        const Result<ListedMachine> now = find_listed(bases(), machine.name);
        if (now && now->state.pid == machine.state.pid && now->state.ready)
            return 0;
        if (has_ended(machine))
            return complain(fmt::format("{} ended before it was ready", machine.name), ESRCH);
        if (!wait_for_news(machine, watch.get(), until))
            return complain(fmt::format("{} is not ready: {}", machine.name, now ? now->state.status : "it starts"), ETIMEDOUT);
    }
}

bool answers_ssh(const ListedMachine& machine, std::chrono::milliseconds patience) {
    const Result<RunningMachine> running = find_machine(machine.base, machine.name);
    const Result<Fd> connection = running ? connect_to_guest(*running, 22) : running.failure();
    if (!connection)
        return false;
    pollfd file{connection->get(), POLLIN, 0};
    std::array<char, 4> greeting{};
    return poll(&file, 1, static_cast<int>(patience.count())) > 0 && read(connection->get(), greeting.data(), greeting.size()) == 4 &&
           std::string_view(greeting.data(), greeting.size()) == "SSH-";
}

// A refused connection is all the news there is of a port that is not open yet, so this has to ask again.
int wait_until_ssh(const ListedMachine& machine, std::optional<Clock::time_point> until) {
    constexpr std::chrono::milliseconds pause{250};
    constexpr std::chrono::seconds patience{5};
    while (!answers_ssh(machine, patience)) {
        const auto next = Clock::now() + pause;
        if (until && next > *until)
            return complain(fmt::format("{} does not answer by ssh", machine.name), ETIMEDOUT);
        if (wait_for_news(machine, -1, next))
            return complain(fmt::format("{} ended before it answered by ssh", machine.name), ESRCH);
    }
    return 0;
}

int list(const Invocation& said) {
    const std::vector<ListedMachine> machines = list_machines(bases());
    std::vector<PastMachine> past = list_past(bases());  // which removes what is too old
    std::erase_if(past, [&](const PastMachine& one) {
        const auto runs = [&](const ListedMachine& machine) { return machine.name == one.name && machine.base == one.base; };
        return !said.all || std::ranges::any_of(machines, runs);
    });
    if (said.format != "json" && machines.empty() && past.empty())
        Messages(wanted_messages(said.quiet)).status("no machine runs");
    if (said.format != "json")
        return machines.empty() && past.empty() ? 0 : print(table(machines, past));
    json all = json::array();
    for (const ListedMachine& machine : machines)
        all.push_back(record_of(machine));
    for (const PastMachine& one : past)
        all.push_back({{"version", 1},
                       {"name", one.name},
                       {"state", "failed"},
                       {"ended", one.ended},
                       {"exit-status", one.ending.status},
                       {"message", one.ending.words}});
    return print(dumped({{"version", 1}, {"machines", std::move(all)}}));
}

int stop(const ListedMachine& machine) {
    if (send_signal(machine.process.get(), SIGTERM) < 0 && errno != ESRCH)
        return complain(fmt::format("could not stop {}: {}", machine.name, std::strerror(errno)), errno);
    return wait_until_ended(machine);
}

/// QEMU goes at once; its vmspawn says so, and cleans up.
int kill(const ListedMachine& machine) {
    const auto qemu = std::ranges::find(machine.state.processes, "qemu", &NamedProcess::name);
    const Fd process(qemu != machine.state.processes.end() ? open_pidfd(qemu->pid) : -1);
    const Result<ProcessFacts> facts = process ? facts_of(qemu->pid) : Failure{ESRCH, "", ""};
    const bool ours = facts && facts->parent == machine.state.pid;
    if (send_signal(ours ? process.get() : machine.process.get(), ours ? SIGKILL : SIGTERM) < 0 && errno != ESRCH)
        return complain(fmt::format("could not kill {}: {}", machine.name, std::strerror(errno)), errno);
    const int status = wait_until_ended(machine);
    forget_past(machine.base, machine.name);
    return status;
}

int wait(const Invocation& said, const ListedMachine& machine) {
    std::optional<Clock::time_point> until;
    if (said.timeout)
        until = Clock::now() + std::chrono::microseconds(*said.timeout);
    if (said.wait_for == "stopped")
        return wait_for_ending(machine, until);
    return said.wait_for == "ssh" ? wait_until_ssh(machine, until) : wait_until_ready(machine, until);
}

int act_on(const Invocation& said, const std::string& name) {
    const Result<ListedMachine> machine = find_listed(bases(), name);
    if (!machine && said.verb == "wait" && said.wait_for == "stopped")
        return tell_past(name);
    if (!machine)
        return refuse_unknown(said.verb, name);
    if (said.verb == "status")
        return print(said.format == "json" ? dumped(record_of(*machine)) : description_of(*machine));
    if (said.verb == "console")
        return view(said, *machine);
    release_signals();
    if (said.verb == "logs")
        return show_logs(said, *machine);
    if (said.verb == "reboot")
        return reboot(*machine);
    return said.verb == "stop" ? stop(*machine) : said.verb == "kill" ? kill(*machine) : wait(said, *machine);
}

int events(const Invocation& said) {
    std::vector<ListedMachine> machines;
    for (const std::string& name : said.files) {
        Result<ListedMachine> machine = find_listed(bases(), name);
        if (!machine)
            return refuse_unknown(said.verb, name);
        machines.push_back(*std::move(machine));
    }
    release_signals();
    if (said.files.empty())
        machines = list_machines(bases());
    return stream_events(machines);
}

}  // namespace

bool wait_for_news(const ListedMachine& machine, int watched, std::optional<Clock::time_point> until) {
    std::array<pollfd, 2> files{{{machine.process.get(), POLLIN, 0}, {watched, POLLIN, 0}}};
    int milliseconds = -1;
    if (until)
        milliseconds = static_cast<int>(
            std::clamp<long long>(std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count(), 0, 1 << 30));
    const int ready = poll(files.data(), watched >= 0 ? 2 : 1, milliseconds);
    if (ready > 0 && (files[1].revents & POLLIN) != 0) {
        std::array<char, 4096> news{};
        (void)!read(watched, news.data(), news.size());
    }
    return ready != 0;
}

bool has_ended(const ListedMachine& machine) {
    pollfd file{machine.process.get(), POLLIN, 0};
    return poll(&file, 1, 0) > 0;
}

std::vector<std::string> bases() {
    return machine_bases(look_around().runtime_base, geteuid() == 0);
}

int refuse_unknown(const std::string& verb, const std::string& name) {
    std::vector<std::string> names;
    for (const ListedMachine& machine : list_machines(bases()))
        names.push_back(machine.name);
    const auto near = nearest(name, names);
    const auto past = find_past(bases(), name);
    const bool is_about_output = verb == "logs" || verb == "console";
    return complain(fmt::format("no machine called {} runs{}{}", printable(name),
                                past   ? "; " + ending_text(*past)
                                : near ? fmt::format("; did you mean {}?", *near)
                                       : "",
                                is_about_output ? "\n  what a machine shows is kept while it runs; console.log keeps it longer" : ""),
                    ENOENT);
}

bool is_about_running_machines(const std::string& verb) {
    constexpr std::array verbs{"list", "status", "logs", "console", "stop", "reboot", "kill", "wait", "events"};
    return std::ranges::find(verbs, verb) != verbs.end();
}

int look_after(const Invocation& said) {
    if (said.verb == "list")
        return list(said);
    if (said.verb == "events")
        return events(said);
    int status = 0;
    for (const std::string& name : said.files)
        if (const int one = act_on(said, name); one != 0)
            status = one;
    return status;
}

}  // namespace vmspawn
