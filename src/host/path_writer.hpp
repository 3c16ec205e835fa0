// How recorded hosts spell paths: "./…" below the definition's directory, "~/…" below the home. Private to this folder.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace vmspawn::recorded {

/// Whether `path` is `base` or below it. An empty base and the root directory are no base: everything would be below them.
inline bool is_below(std::string_view path, std::string_view base) {
    return base.size() > 1 && path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

class PathWriter {
public:
    PathWriter(const std::filesystem::path& directory, const std::filesystem::path& home)
        : directory_(without_slash(directory)), home_(without_slash(home)) {}

    [[nodiscard]] std::string write(const std::string& path) const {
        if (is_below(path, directory_))
            return "." + path.substr(directory_.size());
        if (is_below(path, home_))
            return "~" + path.substr(home_.size());
        return path;
    }

private:
    static std::string without_slash(const std::filesystem::path& path) {
        std::string text = path.lexically_normal().string();
        if (text.size() > 1 && text.ends_with('/'))
            text.pop_back();
        return text;
    }

    std::string directory_;
    std::string home_;
};

}  // namespace vmspawn::recorded
