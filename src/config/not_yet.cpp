#include "config/not_yet.hpp"

#include "config/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

namespace vmspawn {

namespace {

/// As `allowed` spells it: a text without quotes, else as in TOML.
std::string plain(const Node& node) {
    const auto* text = std::get_if<std::string>(&node.value);
    return text != nullptr ? *text : to_toml(node);
}

bool matches(std::string_view pattern, const KeyPath& key) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < key.size(); ++i) {
        const std::size_t end = std::min(pattern.find('.', begin), pattern.size());
        const std::string_view part = pattern.substr(begin, end - begin);
        if (part != "*" && part != key[i])
            return false;
        if (end == pattern.size())
            return i + 1 == key.size();
        begin = end + 1;
    }
    return false;
}

bool asks_for_nothing(const NotYet& row, const Node& node) {
    if (std::holds_alternative<FromDefault>(node.at))
        return true;
    if (const auto* list = std::get_if<List>(&node.value); list != nullptr && list->empty())
        return true;
    return std::ranges::find(row.allowed, plain(node)) != row.allowed.end();
}

std::string hint_for(const NotYet& row) {
    if (row.allowed.empty())
        return "leave it out";
    std::string words;
    for (const std::string_view word : row.allowed)
        words += (words.empty() ? "" : row.allowed.back() == word ? " and " : ", ") + (word.empty() ? "\"\"" : std::string(word));
    return (row.allowed.size() == 1 ? "what works so far is " : "what works so far: ") + words;
}

}  // namespace

std::span<const NotYet> not_yet() {
    static const std::vector<NotYet> rows = {
        {"console.background", {""}},
    };
    return rows;
}

void refuse_not_yet(const Merged& merged, Diagnostics& found) {
    for (const MergedValue& value : merged.values)
        for (const NotYet& row : not_yet())
            if (matches(row.key, value.key) && !asks_for_nothing(row, value.node))
                found.add(error(fmt::format("{} = {} is not supported yet", to_string(value.key), to_toml(value.node)), value.node.at)
                              .with_hint(hint_for(row))
                              .with_error(EOPNOTSUPP));
}

}  // namespace vmspawn
