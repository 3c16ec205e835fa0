#include "run/machines.hpp"

#include "base/file.hpp"
#include "plan/record.hpp"
#include "run/pidfd.hpp"
#include "run/runtime_directory.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;
constexpr std::size_t longest_record = std::size_t{1} << 20;

std::string directory_of(const std::string& base, const std::string& name) {
    return fmt::format("{}/systemd/vmspawn/{}", base, name);
}

std::string text_of(const json& record, const char* name) {
    const auto found = record.find(name);
    return found != record.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const json& record, const char* name) {
    const auto found = record.find(name);
    return found != record.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

/// A machine that is starting may have none yet.
void read_record(ListedMachine& machine) {
    const auto text = read_file(machine.path + "/" + record_file, longest_record);
    const json record = text ? json::parse(*text, nullptr, false) : json();
    if (!record.is_object())
        return;
    machine.definition = text_of(record, "definition");
    machine.description = text_of(record, "description");
    machine.image = text_of(record, "image");
    machine.console_log = text_of(record, "console-log");
    machine.cpus = number_of(record, "cpus");
    machine.ram = number_of(record, "ram");
    if (const auto announced = record.find("announced"); announced != record.end() && announced->is_array())
        for (const json& line : *announced)
            if (line.is_string())
                machine.announced.push_back(line.get<std::string>());
}

/// Root believes nobody who points at another's process.
bool belongs_to_owner_of(const std::string& directory, pid_t process) {
    struct stat held {};
    struct stat running {};
    return lstat(directory.c_str(), &held) == 0 && stat(fmt::format("/proc/{}", process).c_str(), &running) == 0 &&
           held.st_uid == running.st_uid;
}

/// Nothing: its vmspawn is gone, or never was.
std::optional<ListedMachine> read_machine(const std::string& base, const std::string& name) {
    ListedMachine machine;
    machine.name = name;
    machine.base = base;
    machine.path = directory_of(base, name);
    const auto text = read_file(machine.path + "/" + state_file, longest_record);
    if (!text || !read_state(*text, machine.state))
        return std::nullopt;
    // The number may be another process's by now, but not with this start; and once the descriptor is open it stays that process's.
    machine.process = Fd(open_pidfd(machine.state.pid));
    const Result<ProcessFacts> facts = facts_of(machine.state.pid);
    if (!machine.process || !facts || facts->ticks != machine.state.ticks || !belongs_to_owner_of(machine.path, machine.state.pid))
        return std::nullopt;
    read_record(machine);
    std::error_code unknown;
    machine.has_key = std::filesystem::exists(machine.path + "/known_hosts", unknown);
    return machine;
}

/// A directory that a killed vmspawn left has its marker, and nobody holds its lock.
void remove_if_stale(const std::string& base, const std::string& name) {
    struct stat status {};
    const std::string path = directory_of(base, name);
    if (lstat((path + "/" + state_file).c_str(), &status) < 0 || status.st_uid != geteuid())
        return;  // one that is being made or removed, or none of ours
    if (Result<RuntimeDirectory> claimed = claim_runtime_directory({base, name}))
        (void)release_runtime_directory(*std::move(claimed));
}

std::vector<std::string> names_in(const std::string& base) {
    std::vector<std::string> names;
    std::error_code unknown;
    for (const auto& entry : std::filesystem::directory_iterator(base + "/systemd/vmspawn", unknown))
        if (entry.is_directory(unknown) && !entry.is_symlink(unknown))
            names.push_back(entry.path().filename().string());
    return names;
}

}  // namespace

std::vector<std::string> machine_bases(const std::string& own, bool root) {
    std::vector<std::string> bases{own};
    std::error_code unknown;
    if (root)
        for (const char* place : {"/run/user", "/run/vmspawn"})  // of those who have logged in, and of services with a user of their own
            for (const auto& user : std::filesystem::directory_iterator(place, unknown))
                bases.push_back(user.path().string());
    return bases;
}

std::vector<ListedMachine> list_machines(const std::vector<std::string>& bases) {
    std::vector<ListedMachine> machines;
    for (const std::string& base : bases)
        for (const std::string& name : names_in(base)) {
            if (auto machine = read_machine(base, name))
                machines.push_back(*std::move(machine));
            else
                remove_if_stale(base, name);
        }
    std::ranges::sort(machines, {}, &ListedMachine::name);
    return machines;
}

Result<ListedMachine> find_listed(const std::vector<std::string>& bases, const std::string& name) {
    for (const std::string& base : bases)
        if (auto machine = read_machine(base, name))
            return *std::move(machine);
    return Failure{ENOENT, fmt::format("find the machine {}", name), "no machine of that name runs"};
}

}  // namespace vmspawn
