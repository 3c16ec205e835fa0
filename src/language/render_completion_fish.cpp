#include "language/completion.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

/// fish knows two escapes between single quotes: \\ and \'.
std::string fish_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + "'";
}

std::string after_verbs(const std::vector<std::string>& verbs) {
    return fish_quoted(fmt::format("__fish_seen_subcommand_from {}", fmt::join(verbs, " ")));
}

/// What follows the flag: -x takes no files, -r -F takes them.
std::string value(const FlagRow& row) {
    if (row.flag->argument.empty())
        return {};
    std::string words = fmt::format("{}", fmt::join(row.words, " "));
    if (row.flag->complete == Complete::user)
        words = "(__fish_complete_users)";
    if (row.flag->complete == Complete::machine)
        words = fmt::format("({})", running_machines);
    if (row.flag->complete == Complete::directory)
        words += std::string(words.empty() ? "" : " ") + "(__fish_complete_directories)";
    const bool takes_files = row.flag->complete == Complete::file;
    return (takes_files ? " -r -F" : " -x") + (words.empty() ? "" : " -a " + fish_quoted(words));
}

std::string flag_line(const FlagRow& row, const std::string& condition) {
    const std::string short_form = row.flag->short_name ? fmt::format(" -s {}", row.flag->short_name) : "";
    return fmt::format("complete -c vmspawn{}{} -l {}{} -d {}\n", condition.empty() ? "" : " -n " + condition, short_form,
                       row.flag->long_name, value(row), fish_quoted(row.description));
}

/// A common flag has other words for other verbs only where it is --format.
std::string common_lines(const Language& language) {
    std::string text;
    for (const CommonFlag& common : language.common_flags()) {
        if (common.verbs.empty()) {
            for (const FlagRow& row : common_rows(language, ""))
                if (row.flag == &common.flag)
                    text += flag_line(row, "");
            continue;
        }
        for (const std::string& verb : common.verbs)
            for (const FlagRow& row : common_rows(language, verb))
                if (row.flag == &common.flag)
                    text += flag_line(row, after_verbs({verb}));
    }
    return text;
}

std::string operand_line(const Language& language, const VerbEntry& verb) {
    const std::string condition = after_verbs({verb.name});
    std::vector<std::string> words = verb.words;
    switch (operand_of(verb)) {
        case Operand::verb:
            for (const VerbEntry& other : language.verbs())
                words.push_back(other.name);
            break;
        case Operand::key_and_definition:
            words = plain_keys(language);
            [[fallthrough]];
        case Operand::definition:
            words.emplace_back("(__fish_complete_suffix .vmspawn)");
            break;
        case Operand::machine:
            words.push_back(fmt::format("({})", running_machines));
            break;
        case Operand::record:
            words.emplace_back("(__fish_complete_suffix .json)");
            break;
        case Operand::word:
        case Operand::nothing:
            break;
    }
    if (words.empty())
        return {};
    return fmt::format("complete -c vmspawn -n {} -a {}\n", condition, fish_quoted(fmt::format("{}", fmt::join(words, " "))));
}

}  // namespace

std::string fish_completion(const Language& language) {
    std::string text = "# fish completion for vmspawn\n" + std::string(generated_note) + "\ncomplete -c vmspawn -f\n";
    for (const VerbEntry& verb : language.verbs())
        text += fmt::format("complete -c vmspawn -n __fish_use_subcommand -a {} -d {}\n", verb.name, fish_quoted(verb.description));
    for (const VerbEntry& verb : language.verbs())
        text += operand_line(language, verb);
    text += common_lines(language);
    const std::string condition = after_verbs(setting_verbs(language));
    for (const FlagGroup& group : flag_groups(language))
        for (const FlagRow& row : group.rows)
            text += flag_line(row, condition);
    return text;
}

}  // namespace vmspawn
