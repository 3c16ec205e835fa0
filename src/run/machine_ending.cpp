#include "run/machine_ending.hpp"

#include "base/clock.hpp"
#include "base/file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

using nlohmann::json;
constexpr std::string_view suffix = ".ended";
constexpr std::size_t longest_past = std::size_t{1} << 16;
constexpr std::uint64_t kept_for = 86'400'000'000;  ///< microseconds

std::string past_path(const std::string& base, std::string_view name) {
    return fmt::format("{}/systemd/vmspawn/{}", base, past_file(name));
}

std::optional<PastMachine> read_past(const std::string& base, const std::string& name) {
    const std::string path = past_path(base, name);
    struct stat status {};
    if (lstat(path.c_str(), &status) < 0 || !S_ISREG(status.st_mode))
        return std::nullopt;
    const std::uint64_t ended =
        static_cast<std::uint64_t>(status.st_mtim.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(status.st_mtim.tv_nsec) / 1000;
    if (ended + kept_for < microseconds_since_1970()) {
        if (status.st_uid == geteuid())
            forget_past(base, name);
        return std::nullopt;
    }
    const auto text = read_file(path, longest_past);
    auto ending = text ? read_ending(*text) : std::nullopt;
    return ending ? std::optional(PastMachine{name, base, ended, *std::move(ending)}) : std::nullopt;
}

/// Before any is removed.
std::vector<std::string> past_names(const std::string& base) {
    std::vector<std::string> names;
    std::error_code unknown;
    for (std::filesystem::directory_iterator entry(base + "/systemd/vmspawn", unknown), end; !unknown && entry != end;
         entry.increment(unknown)) {
        const std::string file = entry->path().filename().string();
        if (file.size() > 1 + suffix.size() && file.starts_with('.') && file.ends_with(suffix))
            names.push_back(file.substr(1, file.size() - 1 - suffix.size()));
    }
    return names;
}

}  // namespace

std::string to_json(const MachineEnding& ending) {
    return json{{"version", 1}, {"status", ending.status}, {"words", ending.words}}.dump(-1, ' ', false, json::error_handler_t::replace) +
           "\n";
}

std::optional<MachineEnding> read_ending(std::string_view text) {
    const json record = json::parse(text, nullptr, false);
    const auto status = record.is_object() ? record.find("status") : record.end();
    if (!record.is_object() || status == record.end() || !status->is_number_unsigned() || status->get<std::uint64_t>() > 255)
        return std::nullopt;
    const auto words = record.find("words");
    return MachineEnding{status->get<int>(), words != record.end() && words->is_string() ? words->get<std::string>() : ""};
}

std::string past_file(std::string_view name) {
    return fmt::format(".{}{}", name, suffix);
}

std::vector<PastMachine> list_past(const std::vector<std::string>& bases) {
    std::vector<PastMachine> all;
    for (const std::string& base : bases)
        for (const std::string& name : past_names(base))
            if (auto past = read_past(base, name))
                all.push_back(*std::move(past));
    std::ranges::sort(all, {}, &PastMachine::name);
    return all;
}

std::optional<PastMachine> find_past(const std::vector<std::string>& bases, const std::string& name) {
    std::optional<PastMachine> newest;
    for (const std::string& base : bases)
        if (auto past = read_past(base, name); past && (!newest || newest->ended < past->ended))
            newest = std::move(past);
    return newest;
}

void forget_past(const std::string& base, const std::string& name) {
    unlink(past_path(base, name).c_str());
}

}  // namespace vmspawn
