#include "language/completion.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

/// Text inside the brackets or after the colon of an _arguments specification.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\')
            result += '\\';
        result += c;
    }
    return result;
}

std::string action(const FlagRow& row) {
    std::string words = fmt::format("{}", fmt::join(row.words, " "));
    switch (row.flag->complete) {
        case Complete::file:
            return words.empty() ? "_files" : fmt::format(" _alternative \"words\\:word\\:({})\" \"files\\:file\\:_files\"", words);
        case Complete::directory:
            return words.empty() ? "_files -/"
                                 : fmt::format(" _alternative \"words\\:word\\:({})\" \"files\\:directory\\:_files -/\"", words);
        case Complete::key:
            return fmt::format(" compadd {}-- {}", words.ends_with('=') ? "-S \"\" " : "", words);
        case Complete::user:
            return "_users";
        case Complete::machine:
            return fmt::format("($({}))", running_machines);
        case Complete::words:
        case Complete::nothing:
            break;
    }
    return words.empty() ? " " : fmt::format("({})", words);
}

/// The specifications of one flag, each quoted: '(-M --machine)'{-M+,--machine=}'[what it does]:NAME:action'
std::string specification(const FlagRow& row) {
    const Flag& flag = *row.flag;
    const bool takes_argument = !flag.argument.empty();
    const std::string tail = fmt::format("[{}]{}", escaped(row.description),
                                         takes_argument ? fmt::format(":{}:{}", escaped(flag.argument), action(row)) : std::string());
    const std::string star = row.repeats ? "*" : "";
    const std::string long_form = fmt::format("--{}{}", flag.long_name, takes_argument ? "=" : "");
    if (!flag.short_name)
        return single_quoted(star + long_form + tail);
    const std::string alternatives = fmt::format("{{-{}{},{}}}", flag.short_name, takes_argument ? "+" : "", long_form);
    const std::string others = row.repeats ? "*" : fmt::format("(-{} --{})", flag.short_name, flag.long_name);
    return single_quoted(others) + alternatives + single_quoted(tail);
}

std::string operands(const Language& language, const VerbEntry& verb) {
    const std::string definition = "_files -g \"*.(vmspawn|toml)(-.)\"";
    std::vector<std::string> words = verb.words;
    switch (operand_of(verb)) {
        case Operand::nothing:
            return {};
        case Operand::definition:
            return single_quoted((verb.max_files > 1 ? "*:definition:" : "1:definition:") + definition);
        case Operand::key_and_definition:
            return fmt::format("{} {}", single_quoted(fmt::format("1:key:({})", fmt::join(plain_keys(language), " "))),
                               single_quoted("2:definition:" + definition));
        case Operand::machine:
            return single_quoted(fmt::format("1:machine:($({}))", running_machines));
        case Operand::record:
            return single_quoted("*:record:_files -g \"*.json(-.)\"");
        case Operand::verb:
            for (const VerbEntry& other : language.verbs())
                words.push_back(other.name);
            break;
        case Operand::word:
            break;
    }
    return single_quoted(fmt::format("1:word:({})", fmt::join(words, " ")));
}

std::string verb_case(const Language& language, const VerbEntry& verb) {
    std::string text = fmt::format("    {})\n        _arguments -s -S :", verb.name);
    for (const FlagRow& row : common_rows(language, verb.name))
        text += " \\\n            " + specification(row);
    if (verb.takes_settings)
        text += " \\\n            \"${settings[@]}\"";
    if (const std::string words = operands(language, verb); !words.empty())
        text += " \\\n            " + words;
    return text + "\n        ;;\n";
}

}  // namespace

std::string zsh_completion(const Language& language) {
    std::string text = "#compdef vmspawn\n" + std::string(generated_note) + "\n_vmspawn() {\n    local -a verbs settings\n    verbs=(\n";
    for (const VerbEntry& verb : language.verbs())
        text += fmt::format("        {}\n", single_quoted(verb.name + ":" + verb.description));
    text += "    )\n    settings=(\n";
    for (const FlagGroup& group : flag_groups(language))
        for (const FlagRow& row : group.rows)
            text += fmt::format("        {}\n", specification(row));
    text +=
        "    )\n    if ((CURRENT == 2)); then\n"
        "        if [[ $words[2] == -* ]]; then\n"
        "            _arguments '--help[Print this help.]' '--version[Print the version.]'\n"
        "        else\n"
        "            _describe verb verbs\n"
        "        fi\n"
        "        return\n"
        "    fi\n"
        "    shift words\n"
        "    ((CURRENT--))\n"
        "    case $words[1] in\n";
    for (const VerbEntry& verb : language.verbs())
        text += verb_case(language, verb);
    return text + "    esac\n}\n\n_vmspawn \"$@\"\n";
}

}  // namespace vmspawn
