#include "base/text.hpp"
#include "config/override_flags.hpp"
#include "config/validate.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// The first '=' outside quotes; npos without one.
std::size_t find_equals(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quote == '"' && c == '\\')
            ++i;
        else if (quote != 0)
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '=')
            return i;
    }
    return std::string_view::npos;
}

/// All keys, with the user's own names where a key has "*".
std::vector<std::string> known_keys(const Language& language, const KeyPath& like) {
    std::vector<std::string> keys;
    for (const Setting& setting : language.settings()) {
        KeyPath key = setting.key;
        for (std::size_t i = 0; i < key.size(); ++i)
            if (key[i] == "*" && i < like.size())
                key[i] = like[i];
        keys.push_back(to_string(key));
    }
    return keys;
}

/// A key of the language that an override may name.
std::optional<KeyPath> read_key(OverrideFlags& state, std::string_view text, const Origin& at) {
    auto key = parse_key(text);
    if (!key) {
        state.found.add(
            error(fmt::format("'{}' is no key", text), at).with_hint("expected names with dots between them, such as image.path"));
        return std::nullopt;
    }
    if (key->front() == "include" || key->front() == "profile") {
        const std::string hint = key->front() == "profile" ? "choose one with --profile=NAME" : "it stands in a file";
        state.found.add(error(fmt::format("'{}' cannot be set by a flag", key->front()), at).with_hint(hint));
        return std::nullopt;
    }
    if (state.language.find(*key) == nullptr && state.language.find_section(*key) == nullptr) {
        const auto near = nearest(to_string(*key), known_keys(state.language, *key));
        state.found.add(
            error(fmt::format("unknown key '{}'", to_string(*key)), at).with_hint(near ? fmt::format("did you mean '{}'?", *near) : ""));
        return std::nullopt;
    }
    for (std::size_t i = 1; i < key->size(); ++i) {
        const Section* section = state.language.find_section(KeyPath(key->begin(), key->begin() + static_cast<std::ptrdiff_t>(i)));
        const bool is_chosen = section != nullptr && section->names == std::vector<std::string>{"*"};
        if (is_chosen && !validate_name(*section, (*key)[i], at, state.found))
            return std::nullopt;
    }
    return key;
}

void apply_append(OverrideFlags& state, const Setting* setting, const KeyPath& key, const std::string& text, const Origin& key_at,
                  const Origin& value_at) {
    if (setting == nullptr || !setting->accepts.list) {
        state.found.add(error(fmt::format("{} is not a list", to_string(key)), key_at).with_hint("use = to set it"));
        return;
    }
    if (auto node = value_from_text(*setting, key, text, value_at, state.found))
        state.add(Override::How::append, key, key_at, *std::move(node));
}

/// --set mount.src={source="."}
void set_table(OverrideFlags& state, const KeyPath& key, const std::string& text, const Origin& key_at, const Origin& value_at) {
    if (!text.starts_with('{')) {
        state.found.add(error(fmt::format("{} is a table", to_string(key)), value_at).with_hint("expected { KEY = VALUE, … }"));
        return;
    }
    auto node = toml_from_text(key, text, value_at, state.found);
    const Table* table = node ? std::get_if<Table>(&node->value) : nullptr;
    if (table == nullptr)
        return;
    Diagnostics problems;
    validate_table(state.language, key, *table, problems);
    const bool good = problems.empty();
    state.found.append(std::move(problems));
    if (good)
        state.add(Override::How::set, key, key_at, *std::move(node));
}

/// As systemd mangles a unit's name: what cannot stand in one is written \xNN, and a '/' is '-'. The name of a device or mount, which a
/// path would become, is none of a slice.
std::string mangled(const std::string& name) {
    constexpr std::string_view marks = ":-_.\\@";
    if (name.starts_with('/'))
        return name;
    std::string made;
    for (const char c : name)
        if (c == '/')
            made += '-';
        else if (is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos)
            made += c;
        else
            made += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    return made;
}

/// How systemd-vmspawn reads a value that vmspawn reads otherwise.
std::string as_read(const OverrideFlags& state, const Setting& setting, const std::string& text) {
    if (state.called_as == CalledAs::vmspawn || !setting.accepts.text)
        return text;
    if (setting.format == "state" && text.empty())
        return "off";
    return setting.format == "slice" ? mangled(text) : text;
}

}  // namespace

void apply_value(OverrideFlags& state, const Setting& setting, const KeyPath& key, const std::string& text, const Origin& key_at,
                 const Origin& value_at) {
    const bool is_only_boolean = setting.accepts.boolean && !setting.accepts.text;
    const bool is_value = setting.accepts.text && setting.words.empty() && (setting.format.empty() || has_format(setting.format, ""));
    if (text.empty() && setting.accepts.list)
        state.add(Override::How::clear, key, key_at, {List{}, value_at});
    else if (text.empty() && !is_only_boolean && !is_value)
        state.add(Override::How::unset, key, key_at, {});
    else if (auto node = value_from_text(setting, key, text, value_at, state.found))
        state.add(Override::How::set, key, key_at, *std::move(node));
}

void apply_setting_flag(OverrideFlags& state, const Setting& setting, const Flag& flag, const Typed& typed) {
    const KeyPath key = flag.key.empty() ? setting.key : *parse_key(flag.key);
    if (flag.form == Form::constant) {
        if (auto node = value_from_text(setting, key, flag.constant, typed.name_at(), state.found))
            state.add(Override::How::set, key, typed.name_at(), *std::move(node));
        return;
    }
    const std::string value = as_read(state, setting, typed.value());
    if (flag.form != Form::list || value.empty()) {
        apply_value(state, setting, key, value, typed.name_at(), typed.value_at());
        return;
    }
    if (!is_utf8(value)) {
        state.found.add(error(fmt::format("the value of {} is not valid UTF-8", to_string(key)), typed.value_at()));
        return;
    }
    List elements;
    for (std::size_t begin = 0; begin <= value.size();) {
        const std::size_t end = flag.separator == 0 ? value.size() : std::min(value.find(flag.separator, begin), value.size());
        elements.push_back({value.substr(begin, end - begin), typed.part_at(begin, end)});
        begin = end + 1;
    }
    Node node{std::move(elements), typed.value_at()};
    if (validate_value(setting, key, node, state.found))
        state.add(Override::How::append, key, typed.name_at(), std::move(node));
}

void apply_set(OverrideFlags& state, const Typed& typed) {
    const std::string assignment = typed.value();
    const std::size_t equals = find_equals(assignment);
    if (equals == std::string::npos) {
        state.found.add(error("no value is given", typed.value_at()).with_hint("expected KEY=VALUE"));
        return;
    }
    const bool is_append = equals > 0 && assignment[equals - 1] == '+';
    const std::size_t key_end = is_append ? equals - 1 : equals;
    const auto key = read_key(state, std::string_view(assignment).substr(0, key_end), typed.part_at(0, key_end));
    if (!key)
        return;
    const Typed shown = key->front() == "credentials" ? typed.without_secret(equals + 1) : typed;
    const std::string text = assignment.substr(equals + 1);
    const Origin key_at = shown.part_at(0, key_end);
    const Origin value_at = FromArgument{shown.index, shown.text, shown.value_begin + equals + 1, shown.text.size()};
    const Setting* setting = state.language.find(*key);
    if (is_append)
        apply_append(state, setting, *key, text, key_at, value_at);
    else if (setting != nullptr)
        apply_value(state, *setting, *key, text, key_at, value_at);
    else
        set_table(state, *key, text, key_at, value_at);
}

void apply_unset(OverrideFlags& state, const Typed& typed) {
    const std::string text = typed.value();
    if (const auto key = read_key(state, text, typed.value_at()))
        state.add(Override::How::unset, *key, typed.value_at(), {});
}

}  // namespace vmspawn
