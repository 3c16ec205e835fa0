#include "config/difference.hpp"

#include "base/text.hpp"
#include "config/node_json.hpp"
#include "config/print.hpp"
#include "config/shown.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// One text for all spellings of a value: 1G is 1024M.
std::string canonical(const Setting& setting, const Node& node) {
    const auto* text = std::get_if<std::string>(&node.value);
    const auto* number = std::get_if<std::int64_t>(&node.value);
    if (setting.format == "size" && text != nullptr)
        return print_size(parse_size(*text).value_or(0));
    if (setting.format == "size" && number != nullptr)
        return print_size(static_cast<std::uint64_t>(*number));
    if (setting.format == "span" && text != nullptr)
        return print_span(parse_span(*text).value_or(0));
    return to_toml(node);
}

std::optional<Node> value_of(const Setting& setting, const Merged& merged, const KeyPath& key, const PathBase& base) {
    const MergedValue* value = merged.find(key);
    return value != nullptr ? std::optional(shown_value(setting, value->node, base)) : std::nullopt;
}

/// The concrete keys of one row of the language in both, those of `a` first.
std::vector<KeyPath> keys_of(const Language& language, const Setting& setting, const Merged& a, const Merged& b) {
    std::vector<KeyPath> keys;
    for (const Merged* merged : {&a, &b})
        for (const MergedValue& value : merged->values)
            if (language.find(value.key) == &setting && std::ranges::find(keys, value.key) == keys.end())
                keys.push_back(value.key);
    return keys;
}

}  // namespace

std::vector<Difference> differences(const Language& language, const Merged& a, const Merged& b, const PathBase& base) {
    std::vector<Difference> all;
    for (const Setting& setting : language.settings())
        for (const KeyPath& key : setting.key == KeyPath{"include"} ? std::vector<KeyPath>() : keys_of(language, setting, a, b)) {
            Difference one{&setting, key, value_of(setting, a, key, base), value_of(setting, b, key, base)};
            if (one.a.has_value() != one.b.has_value() || canonical(setting, *one.a) != canonical(setting, *one.b))
                all.push_back(std::move(one));
        }
    return all;
}

namespace {

std::string side_text(const Setting& setting, const std::optional<Node>& node, const std::string& file) {
    if (!node)
        return fmt::format("  {}  not set\n", printable(file));
    const bool is_default = std::holds_alternative<FromDefault>(node->at);
    const std::string place = is_default ? fmt::format("{}  {}", file, to_string(node->at)) : to_string(node->at);
    return fmt::format("  {}  {}\n", printable(place), is_secret(setting, *node) ? "(not shown)" : to_toml(*node));
}

}  // namespace

Json side_json(const Setting& setting, const std::optional<Node>& node) {
    return node ? Json{{"value", to_json(setting, *node)}, {"origin", origin_json(node->at)}} : Json();
}

std::string difference_text(const Language& language, const Merged& a, const Merged& b, const PathBase& base) {
    std::string text;
    for (const Difference& one : differences(language, a, b, base))
        text += to_string(one.key) + "\n" + side_text(*one.setting, one.a, a.file_name) + side_text(*one.setting, one.b, b.file_name);
    return text;
}

std::string difference_json(const Language& language, const Merged& a, const Merged& b, const PathBase& base) {
    Json all = Json::array();
    for (const Difference& one : differences(language, a, b, base))
        all.push_back({{"key", to_string(one.key)}, {"a", side_json(*one.setting, one.a)}, {"b", side_json(*one.setting, one.b)}});
    return Json{{"version", 1}, {"a", a.file_name}, {"b", b.file_name}, {"differences", std::move(all)}}.dump(2) + "\n";
}

}  // namespace vmspawn
