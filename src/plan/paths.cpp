#include "plan/paths.hpp"

#include <algorithm>
#include <iterator>

namespace vmspawn {

namespace fs = std::filesystem;

namespace {

/// `path` from `base`, where it lies at or below it; else empty.
fs::path below(const fs::path& path, const fs::path& base) {
    if (base.empty() || base == base.root_path())
        return {};
    const fs::path inner = path.lexically_relative(base);
    return inner.empty() || *inner.begin() == ".." ? fs::path() : inner;
}

/// `path` from `base` by way of "..", if they share more than the root.
fs::path beside(const fs::path& path, const fs::path& base) {
    const fs::path climbed = path.lexically_relative(base);
    const auto ups = std::count(climbed.begin(), climbed.end(), "..");
    return ups < std::distance(base.begin(), base.end()) - 1 ? climbed : fs::path();
}

std::string with_prefix(const std::string& prefix, const fs::path& inner) {
    return inner == "." ? prefix : prefix + "/" + inner.string();
}

std::string source_name(const Source& source, const Places& places) {
    if (const fs::path inner = below(source.path, places.directory); !inner.empty())
        return inner.string();
    if (const fs::path inner = below(source.path, places.home); !inner.empty())
        return with_prefix("~", inner);
    const fs::path climbed = beside(source.path, places.directory);
    return climbed.empty() ? source.path.string() : climbed.string();
}

}  // namespace

std::string shown_path(const fs::path& path, const Places& places) {
    if (const fs::path inner = below(path, places.directory); !inner.empty())
        return with_prefix(".", inner);
    if (const fs::path inner = below(path, places.home); !inner.empty())
        return with_prefix("~", inner);
    return path.string();
}

std::size_t path_in_word(std::string_view word) {
    const std::size_t end = word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-");
    return end != std::string_view::npos && end > 0 && word.substr(end).starts_with("=/") ? end + 1 : std::string_view::npos;
}

std::string shown_word(const std::string& word, const Places& places) {
    const std::size_t begin = path_in_word(word);
    return begin == std::string::npos ? word : word.substr(0, begin) + shown_path(word.substr(begin), places);
}

std::string shown_origin(const Origin& origin, const Places& places) {
    const auto* file = std::get_if<FromFile>(&origin);
    if (!file || !file->source)
        return to_string(origin);
    const Position at = file->span.begin;
    std::string name = source_name(*file->source, places);
    return at.line == 0 ? name : name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

}  // namespace vmspawn
