#include "host/firmware_search.hpp"

#include "base/file.hpp"

#include <filesystem>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace vmspawn {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_descriptor = 1U << 20U;
constexpr std::size_t most_descriptors = 1000;

using Environment = std::map<std::string, std::string>;

std::string absolute_variable(const Environment& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found != environment.end() && found->second.starts_with('/') ? found->second : std::string();
}

std::string below_home(const Environment& environment, const std::string& variable, const std::string& usual) {
    if (std::string set = absolute_variable(environment, variable); !set.empty())
        return set;
    const std::string home = absolute_variable(environment, "HOME");
    return home.empty() ? "" : home + "/" + usual;
}

std::vector<std::string> split_directories(std::string_view list) {
    std::vector<std::string> directories;
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(':'), list.size());
        directories.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return directories;
}

/// An empty file, or a link to /dev/null, is there to hide others of its name.
bool is_mask(const std::string& path) {
    struct stat found {};
    if (stat(path.c_str(), &found) < 0)
        return false;
    if (S_ISCHR(found.st_mode))
        return found.st_rdev == makedev(1, 3);
    return S_ISREG(found.st_mode) && found.st_size == 0;
}

}  // namespace

std::vector<std::string> firmware_directories(const Environment& environment) {
    const std::string shared = "/usr/share";
    std::vector<std::string> bases{below_home(environment, "XDG_CONFIG_HOME", ".config"), "/etc",
                                   below_home(environment, "XDG_DATA_HOME", ".local/share")};
    const auto system = environment.find("XDG_DATA_DIRS");
    const bool set = system != environment.end() && !system->second.empty();
    for (std::string& directory : split_directories(set ? system->second : "/usr/local/share:" + shared))
        bases.push_back(std::move(directory));
    bases.push_back(shared);
    std::vector<std::string> directories;
    for (const std::string& base : bases)
        if (base.starts_with('/'))
            directories.push_back((fs::path(base) / "qemu/firmware").lexically_normal().string());
    return directories;
}

std::vector<Firmware> find_firmware(const std::vector<std::string>& directories) {
    std::map<std::string, std::string> by_name;
    for (const std::string& directory : directories) {
        std::error_code ended;
        for (fs::directory_iterator entry(directory, ended), end; !ended && entry != end; entry.increment(ended)) {
            const std::string name = entry->path().filename().string();
            if (name.ends_with(".json") && !name.starts_with('.'))
                by_name.try_emplace(name, entry->path().string());
        }
    }
    std::vector<Firmware> all;
    for (const auto& [name, path] : by_name)
        if (all.size() < most_descriptors && !is_mask(path))
            all.push_back(read_firmware(path));
    return all;
}

Firmware read_firmware(const std::string& path) {
    const Result<std::string> text = read_file(path, largest_descriptor);
    if (text)
        return parse_firmware(*text, path);
    Firmware unread;
    unread.path = path;
    unread.problem = "it cannot be read: " + to_string(text.failure());
    return unread;
}

}  // namespace vmspawn
