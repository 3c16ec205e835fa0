#include "config/paths.hpp"

namespace vmspawn {

namespace {

namespace fs = std::filesystem;

const fs::path& start_of(const Origin& at, const PathBase& base, fs::path& parent) {
    const auto* file = std::get_if<FromFile>(&at);
    if (file == nullptr)
        return base.working_directory;
    parent = file->source->path.parent_path();
    return parent;
}

fs::path tidy(const fs::path& path) {
    fs::path normal = path.lexically_normal();
    return !normal.has_filename() && normal.has_relative_path() ? normal.parent_path() : normal;
}

}  // namespace

std::optional<fs::path> resolve_path(const std::string& text, const Origin& at, const PathBase& base) {
    if (text.starts_with("~/")) {
        if (base.home.empty())
            return std::nullopt;
        return tidy(base.home / fs::path(text.substr(2)).relative_path());
    }
    fs::path parent;
    return tidy(start_of(at, base, parent) / text);
}

}  // namespace vmspawn
