#include "host/virtiofsd.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "host/json.hpp"
#include "host/qemu_cache.hpp"
#include "host/qemu_run.hpp"
#include "host/search_path.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <pwd.h>
#include <unistd.h>

namespace vmspawn {

namespace {

namespace fs = std::filesystem;

constexpr const char* cached_options = "virtiofsd 1";  // another number for another list:
constexpr std::array options{"shared-dir", "readonly", "translate-uid", "announce-submounts", "modcaps"};

/// Descriptors by name, those of earlier directories first.
std::map<std::string, fs::path> descriptors(const std::vector<std::string>& directories) {
    std::map<std::string, fs::path> found;
    for (const std::string& directory : directories) {
        std::error_code none;
        for (const fs::directory_entry& entry : fs::directory_iterator(directory, none))
            if (entry.path().extension() == ".json")
                found.try_emplace(entry.path().filename(), entry.path());
    }
    return found;
}

std::string binary_of(const fs::path& descriptor) {
    const Result<std::string> text = read_file(descriptor.string(), 1U << 20U);
    const auto record = text ? parse_json(*text) : std::nullopt;
    if (!record || !record->is_object() || record->value("type", nlohmann::json()) != "fs")
        return {};
    const auto binary = record->find("binary");
    if (binary == record->end() || !binary->is_string() || !binary->get_ref<const std::string&>().starts_with('/'))
        return {};
    return search_path(binary->get<std::string>(), "");
}

std::string said_by(const std::string& path, const char* option) {
    const Conversation heard = converse(path, {option}, "", std::string_view("\0", 1), std::chrono::seconds(5));
    return heard.out + heard.err;
}

/// The first word that starts with a digit: "virtiofsd 1.13.2", "virtiofsd version 7.2.22 (Debian …)".
std::string version_printed(std::string_view text) {
    const auto begin = std::ranges::find_if(text, is_digit);
    const auto end = std::find_if(begin, text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\r'; });
    return {begin, end};
}

}  // namespace

std::vector<std::string> vhost_user_directories() {
    std::vector<std::string> directories{"/etc/qemu/vhost-user", "/usr/share/qemu/vhost-user"};
    const char* config = std::getenv("XDG_CONFIG_HOME");
    const char* home = std::getenv("HOME");
    if (config != nullptr && config[0] == '/')
        directories.insert(directories.begin(), std::string(config) + "/qemu/vhost-user");
    else if (home != nullptr && home[0] == '/')
        directories.insert(directories.begin(), std::string(home) + "/.config/qemu/vhost-user");
    return directories;
}

std::string find_virtiofsd(const std::vector<std::string>& directories) {
    for (const auto& [name, path] : descriptors(directories))
        if (std::string binary = binary_of(path); !binary.empty())
            return binary;
    return search_path("virtiofsd", executable_path(), helper_directories());
}

Virtiofsd probe_virtiofsd(const std::string& path) {
    if (path.empty())
        return {};
    const std::string directory = cache_directory();
    const auto key = qemu_key(path);
    if (key && !directory.empty())
        if (const auto cached = load_cached(directory, *key); cached && cached->target == cached_options)
            return {path, cached->facts.version, cached->facts.features};
    ProbedQemu probed{.target = cached_options};
    probed.facts.version = version_printed(said_by(path, "--version"));
    const std::string help = said_by(path, "--help");
    for (const char* option : options)
        if (help.find(std::string("--") + option) != std::string::npos)
            probed.facts.features.insert(option);
    if (key && !directory.empty() && !probed.facts.version.empty())
        store_cached(directory, *key, probed);
    return {path, probed.facts.version, probed.facts.features};
}

std::vector<IdGrant> read_id_grants(std::string_view text, std::string_view user, std::uint32_t uid) {
    std::vector<IdGrant> grants;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos)
            continue;
        const std::string_view name = line.substr(0, first);
        IdGrant grant;
        const char* end = line.data() + line.size();
        const auto start = std::from_chars(line.data() + first + 1, line.data() + second, grant.start);
        const auto count = std::from_chars(line.data() + second + 1, end, grant.count);
        const bool whole = start.ec == std::errc() && start.ptr == line.data() + second && count.ec == std::errc() && count.ptr == end;
        if (whole && grant.count > 0 && (name == user || name == std::to_string(uid)))
            grants.push_back(grant);
    }
    return grants;
}

void look_up_id_grants(Host& host) {
    if (host.uid == 0)
        return;  // root needs no grant
    const passwd* user = getpwuid(host.uid);
    const std::string name = user != nullptr ? user->pw_name : "";
    constexpr std::size_t longest = 1U << 20U;
    if (const Result<std::string> text = read_file("/etc/subuid", longest))
        host.subuids = read_id_grants(*text, name, host.uid);
    if (const Result<std::string> text = read_file("/etc/subgid", longest))
        host.subgids = read_id_grants(*text, name, host.uid);
}

}  // namespace vmspawn
