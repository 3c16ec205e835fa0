#include "config/validate.hpp"

#include "base/text.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

constexpr std::size_t most_name = 64;  ///< of an entry that the user names

bool chooses_names(const Section& section) {
    return section.names == std::vector<std::string>{"*"};
}

/// Where a key that is unknown here does stand: by its last part, or by a flag of that name.
std::string elsewhere(const Language& language, const std::string& name) {
    const auto is_flag = [&name](const Flag& flag) { return flag.long_name == name && flag.key.empty(); };
    for (const Setting& setting : language.settings()) {
        const bool is_named = setting.key.back() == name && std::ranges::find(setting.key, "*") == setting.key.end();
        if (is_named || std::ranges::any_of(setting.flags, is_flag))
            return to_string(setting.key);
    }
    for (const Section& section : language.sections())
        if (std::ranges::any_of(section.flags, is_flag))
            return fmt::format("[{}.NAME]", section.key.front());
    return {};
}

class Validator {
public:
    Validator(const Language& language, Diagnostics& found) : language_(language), found_(found) {}

    void table(const KeyPath& at, const Table& table, const std::string& profile) {
        const Section* section = language_.find_section(at);
        if (section == nullptr)
            return;
        for (const Entry& entry : table.entries) {
            const KeyPath key = below(at, entry.name);
            if (at.empty() && (entry.name == "profile" || entry.name == "include") && !profile.empty())
                found_.add(error(fmt::format("'{}' cannot stand inside a profile", entry.name), entry.at)
                               .with_hint("it stands at the top of the file"));
            else if (key == KeyPath{"profile"})
                profiles(entry);
            else if (knows(*section, at, entry, profile))
                child(key, entry, profile);
        }
    }

private:
    bool knows(const Section& section, const KeyPath& at, const Entry& entry, const std::string& profile) {
        if (chooses_names(section))
            return validate_name(section, entry.name, entry.at, found_);
        if (std::ranges::find(section.names, entry.name) != section.names.end())
            return true;
        KeyPath shown = profile.empty() ? KeyPath{} : KeyPath{"profile", profile};
        shown.insert(shown.end(), at.begin(), at.end());
        const std::string where = shown.empty() ? "" : fmt::format(" in [{}]", to_string(shown));
        found_.add(
            error(fmt::format("unknown key '{}'{}", entry.name, where), entry.at).with_hint(suggestion(section, entry.name, profile)));
        return false;
    }

    [[nodiscard]] std::string suggestion(const Section& section, const std::string& name, const std::string& profile) const {
        constexpr std::size_t few = 8;
        const std::string other = elsewhere(language_, name);
        if (const auto near = nearest(name, section.names))
            return fmt::format("did you mean '{}'?", *near);
        if (other == name && !name.empty())
            return profile.empty() ? "it belongs above the first [table]"
                                   : fmt::format("it belongs in [{}]", to_string({"profile", profile}));
        if (!other.empty())
            return fmt::format("did you mean '{}'?", other);
        return section.names.size() <= few ? "expected one of " + join_words(section.names) : "";
    }

    void child(const KeyPath& key, const Entry& entry, const std::string& profile) {
        if (const Setting* setting = language_.find(key)) {
            validate_value(*setting, key, entry.node, found_);
            return;
        }
        const auto* inner = std::get_if<Table>(&entry.node.value);
        if (inner == nullptr)
            not_a_table(key, entry);
        else
            table(key, *inner, profile);
    }

    void not_a_table(const KeyPath& key, const Entry& entry) {
        const Section* section = language_.find_section(key);
        const std::string name = to_string(key);
        const bool is_named = section != nullptr && chooses_names(*section);
        const std::string header = is_named ? fmt::format("[{}.NAME]", name) : fmt::format("[{}]", name);
        found_.add(error(fmt::format("{} is not a table", name), entry.node.at).with_hint("expected a table " + header));
    }

    void profiles(const Entry& entry) {
        const auto* all = std::get_if<Table>(&entry.node.value);
        if (all == nullptr) {
            not_a_table({"profile"}, entry);
            return;
        }
        for (const Entry& profile : all->entries) {
            const auto* content = std::get_if<Table>(&profile.node.value);
            if (!validate_name(*language_.find_section({"profile"}), profile.name, profile.at, found_))
                continue;
            if (content == nullptr)
                not_a_table({"profile", profile.name}, profile);
            else
                table({}, *content, profile.name);
        }
    }

    const Language& language_;
    Diagnostics& found_;
};

}  // namespace

bool validate_name(const Section& section, const std::string& name, const Origin& at, Diagnostics& found) {
    const bool is_long = section.name_format != "credential-id" && code_points(name) > most_name;
    if (!is_long && (section.name_format.empty() || has_format(section.name_format, name)))
        return true;
    const std::string table = section.key.empty() ? "" : fmt::format(" in [{}]", to_string(section.key));
    found.add(error(fmt::format("{} cannot be a name{}", toml_quote(name), table), at).with_hint("expected " + section.name_expect));
    return false;
}

void validate(const Language& language, const Table& root, Diagnostics& found) {
    validate_table(language, {}, root, found);
}

void validate_table(const Language& language, const KeyPath& at, const Table& table, Diagnostics& found) {
    Validator(language, found).table(at, table, "");
}

}  // namespace vmspawn
