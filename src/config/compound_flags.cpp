#include "base/text.hpp"
#include "config/override_flags.hpp"
#include "config/validate.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// Bytes [begin, end) of a flag's value, and what they mean once escapes are undone.
struct Field {
    std::size_t begin = 0, end = 0;
    std::string text;
};

/// Cuts at each ':'. With `escapes`, "\:" is a colon and "\\" a backslash; any other backslash stands for itself.
std::vector<Field> split(const std::string& value, bool escapes) {
    std::vector<Field> fields(1);
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool is_escape = escapes && value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == ':' || value[i + 1] == '\\');
        if (is_escape) {
            fields.back().text += value[++i];
        } else if (value[i] == ':') {
            fields.back().end = i;
            fields.push_back({i + 1, 0, {}});
        } else {
            fields.back().text += value[i];
        }
    }
    fields.back().end = value.size();
    return fields;
}

void refuse(OverrideFlags& state, const std::string& summary, const Origin& at, const std::string& hint) {
    state.found.add(error(summary, at).with_hint(hint));
}

/// Sets one key of a compound flag from one of its fields.
void set_field(OverrideFlags& state, const Typed& typed, const KeyPath& key, const Field& field) {
    const Origin at = typed.part_at(field.begin, field.end);
    if (auto node = value_from_text(*state.language.find(key), key, field.text, at, state.found))
        state.add(Override::How::set, key, typed.name_at(), *std::move(node));
}

KeyPath next_entry(OverrideFlags& state, const std::string& table) {
    return {table, fmt::format("cli{}", state.entries[table]++)};
}

/// SIZE[:MAX[:SLOTS]]
void apply_ram(OverrideFlags& state, const Typed& typed) {
    const std::vector<Field> fields = split(typed.value(), false);
    const std::vector<std::string> names = {"ram", "ram-max", "ram-slots"};
    const std::string hint = "expected SIZE[:MAX[:SLOTS]]";
    if (fields.size() > names.size()) {
        refuse(state, "too many fields", typed.part_at(fields[names.size()].begin - 1, fields.back().end), hint);
        return;
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].text.empty())
            refuse(state, fmt::format("{} is empty", names[i]), typed.part_at(fields[i].begin, fields[i].end), hint);
        else
            set_field(state, typed, {names[i]}, fields[i]);
    }
}

/// SRC[:DST]
void apply_bind(OverrideFlags& state, const Typed& typed, bool read_only) {
    const std::vector<Field> fields = split(typed.value(), true);
    const KeyPath entry = next_entry(state, "mount");
    const std::string hint = "expected SRC[:DST]; a colon in a path is written \\:";
    const Field& source = fields.front();
    if (fields.size() > 2) {
        refuse(state, "too many fields", typed.part_at(fields[2].begin - 1, fields.back().end), hint);
        return;
    }
    const bool is_relative = !source.text.starts_with('/') && !source.text.starts_with("~/");
    if (source.text.empty())
        refuse(state, "the source is empty", typed.part_at(source.begin, source.end), hint);
    else if (fields.size() == 1 && is_relative)
        refuse(state, "a relative source needs a target", typed.part_at(source.begin, source.end), "add :/PATH, where the guest mounts it");
    else
        set_field(state, typed, below(entry, "source"), source);
    if (fields.size() == 2)
        set_field(state, typed, below(entry, "target"), fields[1]);
    if (read_only)
        state.add(Override::How::set, below(entry, "read-only"), typed.name_at(), {true, typed.name_at()});
}

/// [FMT:][TYPE:]PATH, the prefixes in any order. What is no prefix belongs to the path.
void apply_extra_drive(OverrideFlags& state, const Typed& typed) {
    const std::string value = typed.value();
    const KeyPath entry = next_entry(state, "drive");
    std::vector<std::string> given;
    std::size_t begin = 0;
    for (std::size_t colon = value.find(':'); colon != std::string::npos; colon = value.find(':', begin)) {
        const Field field{begin, colon, value.substr(begin, colon - begin)};
        const auto names = {"format", "disk-type"};
        const auto name = std::ranges::find_if(names, [&](const char* each) {
            const auto& words = state.language.find(below(entry, each))->words;
            return std::ranges::find(words, field.text) != words.end();
        });
        if (name == names.end())
            break;
        if (std::ranges::find(given, *name) != given.end()) {
            refuse(state, fmt::format("{} is given twice", *name), typed.part_at(field.begin, field.end),
                   fmt::format("if the path begins so, write ./{}:…", field.text));
            return;
        }
        given.emplace_back(*name);
        set_field(state, typed, below(entry, *name), field);
        begin = colon + 1;
    }
    if (begin == value.size())
        refuse(state, "the path is missing", typed.part_at(begin, begin), "expected [FORMAT:][TYPE:]PATH");
    else
        set_field(state, typed, below(entry, "path"), {begin, value.size(), value.substr(begin)});
}

Node table_of(const std::string& name, std::string text, const Origin& at) {
    return {Table{{Entry{name, at, Node{std::move(text), at}}}}, at};
}

/// The id of ID:VALUE when it is good and new.
std::optional<std::string> take_credential_id(OverrideFlags& state, const Typed& shown, const std::string& id, bool has_value) {
    const Origin at = shown.part_at(0, id.size());
    if (!has_value) {
        refuse(state, "the credential has no value", at, "expected ID:VALUE");
        return std::nullopt;
    }
    if (!validate_name(*state.language.find_section({"credentials"}), id, at, state.found))
        return std::nullopt;
    if (!state.credentials.insert(id).second) {
        refuse(state, fmt::format("credential '{}' is given twice", id), at, "");
        return std::nullopt;
    }
    return id;
}

/// ID:VALUE with C-style escapes. The value may be any bytes; what is no text becomes Base64.
void apply_set_credential(OverrideFlags& state, const Typed& typed) {
    const std::string value = typed.value();
    const std::size_t colon = value.find(':');
    const bool has_value = colon != std::string::npos;
    const Typed shown = has_value ? typed.without_secret(colon + 1) : typed.without_secret(0);
    const auto id = has_value ? take_credential_id(state, shown, value.substr(0, colon), true) : std::nullopt;
    if (!has_value)
        refuse(state, "the credential has no value", shown.value_at(), "expected ID:VALUE");
    if (!id)
        return;
    const Origin at = FromArgument{shown.index, shown.text, shown.value_begin + colon + 1, shown.text.size()};
    const auto bytes = unescape(std::string_view(value).substr(colon + 1));
    if (!bytes) {
        refuse(state, fmt::format("the value of credential '{}' holds a bad escape", *id), at, "write \\\\ for a backslash");
        return;
    }
    const bool is_text = is_utf8(*bytes) && bytes->find('\0') == std::string::npos;
    state.add(Override::How::set, {"credentials", *id}, shown.part_at(0, id->size()),
              is_text ? Node{*bytes, at} : table_of("base64", base64_encode(*bytes), at));
}

/// ID:PATH, or ID:NAME of a credential that vmspawn itself was given.
void apply_load_credential(OverrideFlags& state, const Typed& typed) {
    const std::string value = typed.value();
    const std::size_t colon = std::min(value.find(':'), value.size());
    const auto id = take_credential_id(state, typed, value.substr(0, colon), colon + 1 < value.size());
    if (!id)
        return;
    const std::string source = value.substr(colon + 1);
    const Origin at = typed.part_at(colon + 1, value.size());
    if (!is_utf8(source))
        refuse(state, "the path is not valid UTF-8", at, "");
    else if (source.find('/') != std::string::npos)
        state.add(Override::How::set, {"credentials", *id}, typed.name_at(), table_of("file", source, at));
    else if (validate_name(*state.language.find_section({"credentials"}), source, at, state.found))
        state.add(Override::How::set, {"credentials", *id}, typed.name_at(), table_of("inherited", source, at));
}

void dispatch(OverrideFlags& state, const std::string& name, const Typed& typed) {
    const bool is_credential = name == "set-credential" || name == "load-credential";
    const std::string table = is_credential ? "credentials" : name == "extra-drive" ? "drive" : "mount";
    if (name == "ram" || name == "qemu-mem") {
        apply_ram(state, typed);
    } else if (typed.value().empty()) {
        state.add(Override::How::clear, {table}, typed.name_at(), {Table{}, typed.name_at()});
        if (is_credential)
            state.credentials.clear();
    } else if (name == "set-credential") {
        apply_set_credential(state, typed);
    } else if (name == "load-credential") {
        apply_load_credential(state, typed);
    } else if (name == "extra-drive") {
        apply_extra_drive(state, typed);
    } else {
        apply_bind(state, typed, name == "bind-ro");
    }
}

}  // namespace

void apply_compound_flag(OverrideFlags& state, const Flag& flag, const Typed& typed) {
    const std::size_t overrides = state.overrides.size();
    const std::size_t problems = state.found.size();
    dispatch(state, flag.long_name, typed);
    if (state.found.size() > problems)  // half an entry would only make more problems
        state.overrides.resize(overrides);
}

}  // namespace vmspawn
