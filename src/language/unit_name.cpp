#include "language/unit_name.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

constexpr std::size_t longest_unit_name = 255;

bool is_made_of_unit_letters(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return is_letter(c) || is_digit(c) || std::string_view(":-_.\\@").find(c) != std::string_view::npos;
    });
}

}  // namespace

bool is_full_unit_name(std::string_view text) {
    constexpr std::array<std::string_view, 11> kinds{"service", "socket", "device", "mount", "automount", "swap",
                                                     "target",  "path",   "timer",  "slice", "scope"};
    const std::size_t dot = text.rfind('.');
    if (dot == std::string_view::npos || text.size() > longest_unit_name || std::ranges::find(kinds, text.substr(dot + 1)) == kinds.end())
        return false;
    const std::string_view name = text.substr(0, dot);
    return is_made_of_unit_letters(name) && !name.starts_with('@') && !name.ends_with('@');
}

bool is_slice(std::string_view text) {
    constexpr std::string_view suffix = ".slice";
    constexpr std::string_view root = "-";
    const bool has_suffix = text.ends_with(suffix);
    const std::string_view name = text.substr(0, text.size() - (has_suffix ? suffix.size() : 0));
    if (name.size() + suffix.size() > longest_unit_name || !is_made_of_unit_letters(name) || name.find('@') != std::string_view::npos)
        return false;
    return name == root || (!name.starts_with('-') && !name.ends_with('-') && name.find("--") == std::string_view::npos);
}

}  // namespace vmspawn
