#include "host/image_name.hpp"

#include <array>
#include <sys/stat.h>
#include <utility>

namespace vmspawn {

namespace {

using Kind = NamedImage::Kind;

std::string variable(const std::map<std::string, std::string>& environment, const std::string& name) {
    const auto found = environment.find(name);
    return found != environment.end() && found->second.starts_with('/') ? found->second : std::string();
}

/// By the ending and by what is there; none: nothing is.
Kind kind_at(const std::string& path, std::string_view ending) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0)
        return Kind::none;
    if (S_ISDIR(found.st_mode))
        return ending.empty() ? Kind::tree : Kind::other;
    if (S_ISBLK(found.st_mode))
        return ending == ".qcow2" ? Kind::other : Kind::raw;
    if (!S_ISREG(found.st_mode) || ending.empty())
        return Kind::other;
    return ending == ".raw" ? Kind::raw : Kind::qcow2;
}

}  // namespace

std::vector<std::string> machine_directories(std::uint32_t uid, const std::map<std::string, std::string>& environment) {
    std::vector<std::string> directories;
    if (uid != 0) {
        const std::string home = variable(environment, "HOME");
        const std::string state = variable(environment, "XDG_STATE_HOME");
        if (const std::string runtime = variable(environment, "XDG_RUNTIME_DIR"); !runtime.empty())
            directories.push_back(runtime + "/machines");
        if (!state.empty() || !home.empty())
            directories.push_back((state.empty() ? home + "/.local/state" : state) + "/machines");
        if (!home.empty())
            directories.push_back(home + "/.local/lib/machines");
    }
    for (const char* directory :
         {"/etc/machines", "/run/machines", "/var/lib/machines", "/var/lib/container", "/usr/local/lib/machines", "/usr/lib/machines"})
        directories.emplace_back(directory);
    return directories;
}

NamedImage find_named_image(std::string_view name, std::vector<std::string> directories) {
    NamedImage image{.kind = Kind::none, .path = {}, .searched = std::move(directories)};
    for (const std::string& directory : image.searched)
        for (const std::string_view ending : {".raw", ".qcow2", ""}) {
            std::string path = directory + "/" + std::string(name) + std::string(ending);
            image.kind = kind_at(path, ending);
            if (image.kind == Kind::none)
                continue;
            image.path = std::move(path);
            return image;
        }
    return image;
}

}  // namespace vmspawn
