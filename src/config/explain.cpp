#include "base/text.hpp"
#include "config/node_json.hpp"
#include "config/print.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// One leaf to explain: a value, or a key that nothing sets.
struct Topic {
    const Setting* setting;
    KeyPath key;  ///< concrete; a name that no entry has yet is NAME
    const MergedValue* value = nullptr;
};

bool is_below(const KeyPath& key, const KeyPath& table) {
    return key.size() >= table.size() && std::equal(table.begin(), table.end(), key.begin());
}

/// A key with "*" where the table asked for, or nothing, gives a name.
KeyPath named(const Setting& setting, const KeyPath& asked) {
    KeyPath key = setting.key;
    for (std::size_t i = 0; i < key.size(); ++i)
        if (key[i] == "*")
            key[i] = i < asked.size() ? asked[i] : "NAME";
    return key;
}

std::vector<Topic> topics(const Language& language, const Merged& merged, const KeyPath& asked) {
    std::vector<Topic> all;
    for (const Setting& setting : language.settings()) {
        const std::size_t before = all.size();
        for (const MergedValue& value : merged.values)
            if (language.find(value.key) == &setting && is_below(value.key, asked))
                all.push_back({&setting, value.key, &value});
        if (const KeyPath key = named(setting, asked); all.size() == before && is_below(key, asked))
            all.push_back({&setting, key, nullptr});
    }
    return all;
}

std::string value_text(const Setting& setting, const Node& node) {
    return is_secret(setting, node) ? "(not shown)" : to_toml(node);
}

std::string origin_text(const Origin& at) {
    if (const auto* argument = std::get_if<FromArgument>(&at))
        return fmt::format("argument {}: {}", argument->index, argument->text);
    return to_string(at);
}

std::string flag_text(const Flag& flag) {
    std::string text = flag.short_name != 0 ? fmt::format("-{}, ", flag.short_name) : "";
    text += "--" + flag.long_name;
    return flag.argument.empty() ? text : text + "=" + flag.argument;
}

std::vector<std::string> flag_texts(const Language& language, const Setting& setting) {
    std::vector<std::string> all;
    for (const Flag& flag : setting.flags)
        all.push_back(flag_text(flag));
    const KeyPath table{setting.key.begin(), setting.key.end() - 1};
    if (const Section* section = language.find_section(table); section != nullptr && all.empty())
        for (const Flag& flag : section->flags)
            all.push_back(flag_text(flag));
    return all;
}

std::string expected_text(const Setting& setting) {
    if (!setting.expect.empty())
        return setting.expect;
    if (!setting.words.empty())
        return "one of " + join_words(setting.words);
    return setting.accepts.list ? "a list of texts" : setting.accepts.integer ? "a whole number" : "a text";
}

/// "systemd 261" or "vmspawn": who has this key.
std::string since_text(const Setting& setting) {
    return setting.since == "new" ? "vmspawn only" : "systemd " + setting.since;
}

struct HistoryLine {
    std::string left;
    std::string right;
};

/// The winner and what it hid, in two columns.
std::vector<HistoryLine> history(const Topic& topic) {
    if (topic.value == nullptr)
        return {{to_string(topic.key) + " is not set", ""}};
    const Setting& setting = *topic.setting;
    std::vector<HistoryLine> lines{
        {fmt::format("{} = {}", to_string(topic.key), value_text(setting, topic.value->node)), origin_text(topic.value->node.at)}};
    for (const Node& hidden : topic.value->hidden)
        lines.push_back({"  hides " + value_text(setting, hidden), origin_text(hidden.at)});
    return lines;
}

std::string meaning(const Language& language, const Setting& setting) {
    std::string text = fmt::format("  {}\n  expected: {}\n", setting.description, expected_text(setting));
    if (!setting.default_json.empty())
        text += fmt::format("  default: {}\n", setting.default_json);
    if (const auto flags = flag_texts(language, setting); !flags.empty())
        text += fmt::format("  flag: {}\n", join_words(flags, ", ", ", "));
    return text + fmt::format("  since: {}\n", since_text(setting));
}

std::string explain(const Language& language, const Topic& topic) {
    constexpr std::size_t widest = 48;
    const std::vector<HistoryLine> lines = history(topic);
    std::size_t width = 0;
    for (const HistoryLine& line : lines)
        width = std::max(width, std::min(display_width(line.left), widest));
    std::string text;
    for (const HistoryLine& line : lines) {
        const std::size_t used = display_width(line.left);
        const std::string gap(used < width ? width - used + 2 : 2, ' ');
        text += line.left + (line.right.empty() ? "" : gap + printable(line.right)) + "\n";
    }
    return text + meaning(language, *topic.setting);
}

Json explain_as_json(const Language& language, const Topic& topic) {
    const Setting& setting = *topic.setting;
    Json json{{"key", to_string(topic.key)}};
    if (topic.value != nullptr) {
        json["value"] = to_json(setting, topic.value->node);
        json["origin"] = origin_json(topic.value->node.at);
        json["hidden"] = Json::array();
        for (const Node& hidden : topic.value->hidden)
            json["hidden"].push_back({{"value", to_json(setting, hidden)}, {"origin", origin_json(hidden.at)}});
    }
    json["section"] = setting.section;
    json["meaning"] = setting.description;
    json["expected"] = expected_text(setting);
    if (!setting.default_json.empty())
        json["default"] = Json::parse(setting.default_json);
    json["flags"] = flag_texts(language, setting);
    json["since"] = setting.since;
    return json;
}

}  // namespace

std::string explain_text(const Language& language, const Merged& merged, const KeyPath& key) {
    std::string text;
    for (const Topic& topic : topics(language, merged, key))
        text += (text.empty() ? "" : "\n") + explain(language, topic);
    return text;
}

std::string explain_json(const Language& language, const Merged& merged, const KeyPath& key) {
    Json keys = Json::array();
    for (const Topic& topic : topics(language, merged, key))
        keys.push_back(explain_as_json(language, topic));
    return Json{{"version", 1}, {"keys", std::move(keys)}}.dump(2) + "\n";
}

}  // namespace vmspawn
