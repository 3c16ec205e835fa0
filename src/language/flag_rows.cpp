#include "language/flag_rows.hpp"

#include "language/completion.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

std::vector<std::string> words_of(const Setting& setting, const Flag& flag) {
    std::vector<std::string> words;
    if (flag.argument.empty() || flag.form == Form::compound)
        return words;
    if (setting.accepts.boolean)
        words = {"yes", "no"};
    words.insert(words.end(), setting.words.begin(), setting.words.end());
    words.insert(words.end(), setting.suggestions.begin(), setting.suggestions.end());
    return words;
}

FlagRow row_of(const Setting& setting, const Flag& flag) {
    FlagRow row;
    row.flag = &flag;
    row.description = flag.description.empty() ? setting.description : flag.description;
    row.key = flag.key.empty() ? printed_key(setting.key) : flag.key;
    row.words = words_of(setting, flag);
    row.is_closed = flag.complete == Complete::words;
    row.repeats = flag.form == Form::list || setting.key.back() == "*";
    return row;
}

FlagRow row_of(const Section& section, const Flag& flag) {
    FlagRow row;
    row.flag = &flag;
    row.description = flag.description;
    row.key = printed_key(section.key);
    row.repeats = true;
    return row;
}

std::vector<FlagRow> rows_titled(const Language& language, std::string_view title) {
    std::vector<FlagRow> rows;
    for (const Section& section : language.sections())
        if (section.title == title)
            for (const Flag& flag : section.flags)
                rows.push_back(row_of(section, flag));
    for (const Setting& setting : language.settings())
        if (setting.section == title)
            for (const Flag& flag : setting.flags)
                rows.push_back(row_of(setting, flag));
    return rows;
}

bool takes(const CommonFlag& common, std::string_view verb) {
    return verb.empty() || common.verbs.empty() || std::find(common.verbs.begin(), common.verbs.end(), verb) != common.verbs.end();
}

}  // namespace

std::vector<FlagGroup> flag_groups(const Language& language) {
    std::vector<FlagGroup> groups;
    for (const Section& section : language.sections()) {
        const bool is_known =
            std::any_of(groups.begin(), groups.end(), [&](const FlagGroup& group) { return group.title == section.title; });
        if (is_known)
            continue;
        std::vector<FlagRow> rows = rows_titled(language, section.title);
        if (!rows.empty())
            groups.push_back({section.title, std::move(rows)});
    }
    return groups;
}

std::vector<FlagRow> common_rows(const Language& language, std::string_view verb) {
    const VerbEntry* entry = language.find_verb(verb);
    std::vector<FlagRow> rows;
    for (const CommonFlag& common : language.common_flags()) {
        if (!takes(common, verb))
            continue;
        FlagRow row;
        row.flag = &common.flag;
        row.description = common.flag.description;
        const bool is_format = common.flag.long_name == "format";
        row.words = entry && is_format ? entry->formats : common.words;
        row.is_closed = !row.words.empty();
        if (common.flag.complete == Complete::key)
            for (const std::string& key : plain_keys(language))
                row.words.push_back(key + (common.flag.argument == "KEY" ? "" : "="));
        row.repeats = common.flag.long_name == "set" || common.flag.long_name == "unset";
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string printed_key(const KeyPath& pattern) {
    std::string text;
    for (const std::string& part : pattern)
        text += (text.empty() ? "" : ".") + (part == "*" ? std::string("NAME") : part);
    return text;
}

}  // namespace vmspawn
