#include "host/search_path.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

bool is_program(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace

std::string search_path(std::string_view name, std::string_view path, std::span<const std::string_view> more) {
    if (name.empty())
        return {};
    if (name.find('/') != std::string_view::npos)
        return is_program(std::string(name)) ? std::string(name) : std::string();
    while (!path.empty()) {
        const std::size_t end = std::min(path.find(':'), path.size());
        const std::string_view directory = path.substr(0, end);
        path.remove_prefix(std::min(end + 1, path.size()));
        // a relative entry would find what happens to lie in the working directory
        if (!directory.starts_with('/'))
            continue;
        std::string candidate = std::string(directory) + (directory.ends_with('/') ? "" : "/") + std::string(name);
        if (is_program(candidate))
            return candidate;
    }
    for (const std::string_view directory : more) {
        std::string candidate = std::string(directory) + "/" + std::string(name);
        if (is_program(candidate))
            return candidate;
    }
    return {};
}

std::string executable_path() {
    const char* path = std::getenv("PATH");
    return path != nullptr && *path != '\0' ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

std::span<const std::string_view> helper_directories() {
    static constexpr std::array<std::string_view, 5> directories{"/usr/sbin", "/usr/libexec", "/usr/lib/qemu", "/usr/lib",
                                                                 "/usr/lib/systemd"};
    return directories;
}

}  // namespace vmspawn
