#include "base/text.hpp"
#include "config/validate.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

std::string type_name(const Node& node) {
    struct Name {
        std::string operator()(bool) const { return "a boolean"; }
        std::string operator()(std::int64_t) const { return "an integer"; }
        std::string operator()(const std::string&) const { return "a string"; }
        std::string operator()(const Foreign& foreign) const { return foreign.what; }
        std::string operator()(const List&) const { return "a list"; }
        std::string operator()(const Table&) const { return "a table"; }
    };
    return std::visit(Name{}, node.value);
}

/// What is allowed, for a setting whose schema does not say it in words.
std::string expected_type(const Accepts& accepts) {
    std::vector<std::string> kinds;
    if (accepts.boolean)
        kinds.emplace_back("true or false");
    if (accepts.integer)
        kinds.emplace_back("a whole number");
    if (accepts.text)
        kinds.emplace_back("a text");
    if (accepts.list)
        kinds.emplace_back("a list of texts");
    return join_words(kinds);
}

std::string expectation(const Setting& setting) {
    if (!setting.expect.empty())
        return "expected " + setting.expect;
    return "expected " + (setting.words.empty() ? expected_type(setting.accepts) : "one of " + join_words(setting.words));
}

/// "cpus = 0"; a long value is cut, a list or table only named.
std::string assignment(const std::string& key, const Node& node) {
    constexpr std::size_t most = 48;
    const bool is_scalar = std::holds_alternative<bool>(node.value) || std::holds_alternative<std::int64_t>(node.value) ||
                           std::holds_alternative<std::string>(node.value);
    if (!is_scalar)
        return key;
    const std::string value = to_toml(node);
    return code_points(value) <= most ? fmt::format("{} = {}", key, value) : key;
}

std::string expected_list(const Node& node) {
    const bool is_text = std::holds_alternative<std::string>(node.value);
    return is_text ? fmt::format("expected a list: [{}]", to_toml(node)) : "expected a list of texts";
}

/// One value (or one element of a list) of one setting.
class Judge {
public:
    Judge(const Setting& setting, const KeyPath& key, bool is_element, Diagnostics& found)
        : setting_(setting), name_(to_string(key)), is_element_(is_element), found_(found) {}

    bool scalar(const Node& node) {
        const Accepts& accepts = setting_.accepts;
        if (const auto* text = std::get_if<std::string>(&node.value); text != nullptr && (accepts.text || is_element_))
            return this->text(node, *text);
        if (const auto* number = std::get_if<std::int64_t>(&node.value); number != nullptr && accepts.integer && !is_element_)
            return range(node, *number);
        if (std::holds_alternative<bool>(node.value) && accepts.boolean && !is_element_)
            return true;
        return wrong(node, "is " + type_name(node));
    }

    bool wrong(const Node& node, const std::string& why, const std::string& hint = {}) {
        const std::string subject = is_element_ ? fmt::format("{} in {}", to_toml(node), name_) : assignment(name_, node);
        const std::string expected =
            is_element_ && setting_.expect.empty() && setting_.words.empty() ? "expected a text" : expectation(setting_);
        found_.add(error(subject + " " + why, node.at).with_hint(hint.empty() ? expected : hint));
        return false;
    }

private:
    bool text(const Node& node, const std::string& value) {
        if (value.find('\0') != std::string::npos)
            return too_odd(node, "holds a NUL character", "a text cannot hold \\u0000");
        if (code_points(value) > setting_.max_length)
            return too_odd(node, fmt::format("is longer than {} characters", setting_.max_length), "");
        if (!setting_.words.empty() && std::ranges::find(setting_.words, value) == setting_.words.end())
            return unknown_word(node, value);
        if (!setting_.format.empty() && !has_format(setting_.format, value))
            return wrong(node, setting_.what.empty() ? "is malformed" : "is not " + setting_.what);
        if (setting_.format == "size" && (setting_.minimum || setting_.maximum))
            return range_of_size(node, parse_size(value).value_or(0));
        return true;
    }

    bool too_odd(const Node& node, const std::string& why, const std::string& hint) {
        found_.add(error(name_ + " " + why, node.at).with_hint(hint));
        return false;
    }

    bool unknown_word(const Node& node, const std::string& value) {
        std::string hint = expectation(setting_);
        if (const auto near = nearest(value, setting_.words))
            hint = fmt::format("did you mean '{}'? {}", *near, hint);
        return wrong(node, setting_.what.empty() ? "is unknown" : "is not " + setting_.what, hint);
    }

    bool range_of_size(const Node& node, std::uint64_t bytes) {
        if (setting_.minimum && bytes < static_cast<std::uint64_t>(*setting_.minimum))
            return out_of_range(node, "below the minimum", "or more", print_size(static_cast<std::uint64_t>(*setting_.minimum)));
        if (setting_.maximum && bytes > static_cast<std::uint64_t>(*setting_.maximum))
            return out_of_range(node, "above the maximum", "or less", print_size(static_cast<std::uint64_t>(*setting_.maximum)));
        return true;
    }

    bool range(const Node& node, std::int64_t number) {
        if (setting_.format == "size")
            return number < 0 ? out_of_range(node, "below", "or more", "0") : range_of_size(node, static_cast<std::uint64_t>(number));
        if (setting_.minimum && number < *setting_.minimum)
            return out_of_range(node, "below the minimum", "or more", std::to_string(*setting_.minimum));
        if (setting_.maximum && number > *setting_.maximum)
            return out_of_range(node, "above the maximum", "or less", std::to_string(*setting_.maximum));
        return true;
    }

    bool out_of_range(const Node& node, const std::string& side, const std::string& way, const std::string& limit) {
        const bool tells_range = setting_.format != "size" && !setting_.expect.empty();
        return wrong(node, fmt::format("is {} {}", side, limit), tells_range ? "" : fmt::format("expected {} {}", limit, way));
    }

    const Setting& setting_;
    std::string name_;
    bool is_element_;
    Diagnostics& found_;
};

bool validate_credential_source(const std::string& key, const Entry& entry, Diagnostics& found) {
    const std::vector<std::string> known = {"file", "base64"};
    if (std::ranges::find(known, entry.name) == known.end()) {
        const auto near = nearest(entry.name, known);
        found.add(error(fmt::format("unknown key '{}' in {}", entry.name, key), entry.at)
                      .with_hint(near ? fmt::format("did you mean '{}'?", *near) : "expected file or base64"));
        return false;
    }
    const std::string name = key + "." + entry.name;
    const auto* text = std::get_if<std::string>(&entry.node.value);
    if (text == nullptr) {
        found.add(error(fmt::format("{} is {}", name, type_name(entry.node)), entry.node.at).with_hint("expected a text"));
        return false;
    }
    const std::string format = entry.name == "file" ? "path" : "base64";
    if (text->find('\0') == std::string::npos && has_format(format, *text))
        return true;
    found.add(error(fmt::format("{} is not {}", name, entry.name == "file" ? "a path" : "Base64"), entry.node.at)
                  .with_hint(entry.name == "file" ? "expected a path" : "expected Base64 with padding"));
    return false;
}

/// { file = PATH } or { base64 = TEXT }
bool validate_credential(const Setting& setting, const KeyPath& key, const Node& node, Diagnostics& found) {
    const Table& table = std::get<Table>(node.value);
    const std::string name = to_string(key);
    bool good = true;
    for (const Entry& entry : table.entries)
        good = validate_credential_source(name, entry, found) && good;
    if (good && table.entries.size() != 1) {
        found.add(
            error(table.entries.empty() ? name + " has no value" : name + " has two values", node.at).with_hint(expectation(setting)));
        return false;
    }
    return good;
}

}  // namespace

bool validate_value(const Setting& setting, const KeyPath& key, const Node& node, Diagnostics& found) {
    if (setting.accepts.table && std::holds_alternative<Table>(node.value))
        return validate_credential(setting, key, node, found);
    const auto* list = std::get_if<List>(&node.value);
    if (list == nullptr && setting.accepts.list && !setting.accepts.text)
        return Judge(setting, key, false, found).wrong(node, "is " + type_name(node), expected_list(node));
    if (list == nullptr || !setting.accepts.list)
        return Judge(setting, key, false, found).scalar(node);
    bool good = true;
    for (const Node& element : *list)
        good = Judge(setting, key, true, found).scalar(element) && good;
    return good;
}

}  // namespace vmspawn
