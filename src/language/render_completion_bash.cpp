#include "language/completion.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// The first half finds out where the cursor is. bash splits words at '=' and ':', so "--kvm=y" arrives as three words.
constexpr std::string_view start = R"bash(_vmspawn_flags() {
    case $1 in
)bash";

constexpr std::string_view middle = R"bash(_vmspawn_definitions() {
    local path
    while IFS= read -r path; do
        [[ -d $path || $path == *.vmspawn || $path == *.toml ]] && COMPREPLY+=("$path")
    done < <(compgen -f -- "$1")
    compopt -o filenames 2>/dev/null
}

_vmspawn_value() {
    local flag=$1 current=$2
    case $flag in
)bash";

constexpr std::string_view end = R"bash(
_vmspawn() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb='' flag='' operands=0 word i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        [[ $word == -- ]] && return
        if [[ ${COMP_WORDS[i-1]} == = || $word == = ]]; then
            continue
        elif [[ -n $verb && $word != -* ]]; then
            ((operands++))
        elif [[ " $_vmspawn_verbs " == *" $word "* ]]; then
            verb=$word
        fi
    done
    if [[ $current == = ]]; then
        flag=$before current=''
    elif [[ $before == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    elif [[ $before == -* && " $_vmspawn_with_value " == *" $before "* ]]; then
        flag=$before
    fi
    if [[ $flag == -* ]]; then
        _vmspawn_value "$flag" "$current"
    elif [[ $current == : || $before == : ]]; then
        return
    elif [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "$(_vmspawn_flags "$verb")" -- "$current"))
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
    else
        _vmspawn_operand "$verb" "$current" "$operands"
    fi
    return 0
} &&
    complete -F _vmspawn vmspawn
)bash";

void add_names(const FlagRow& row, std::string& names) {
    if (!names.empty())
        names += ' ';
    names += "--" + row.flag->long_name + (row.flag->argument.empty() ? "" : "=");
}

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, " "));
}

std::string flags_by_verb(const Language& language) {
    std::string settings;
    for (const FlagGroup& group : flag_groups(language))
        for (const FlagRow& row : group.rows)
            add_names(row, settings);
    std::string text(start);
    for (const VerbEntry& verb : language.verbs()) {
        std::string names;
        for (const FlagRow& row : common_rows(language, verb.name))
            add_names(row, names);
        text += fmt::format("    {}) echo '{}'{} ;;\n", verb.name, names, verb.takes_settings ? " \"$_vmspawn_settings\"" : "");
    }
    text += "    *) echo '--help --version' ;;\n    esac\n}\n\n";
    return fmt::format("_vmspawn_settings='{}'\n\n", settings) + text;
}

std::string patterns(const Flag& flag) {
    const std::string long_form = "--" + flag.long_name;
    return flag.short_name ? fmt::format("-{} | {}", flag.short_name, long_form) : long_form;
}

/// The command that offers values of this kind; empty: nothing to offer.
std::string offer(const FlagRow& row) {
    std::vector<std::string> commands;
    if (!row.words.empty())
        commands.push_back(fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))", joined(row.words)));
    if (!row.words.empty() && row.words.front().ends_with('='))
        commands.emplace_back("compopt -o nospace 2>/dev/null");
    const auto add = [&](std::string_view option, bool names_files) {
        commands.push_back(fmt::format("mapfile -O ${{#COMPREPLY[@]}} -t COMPREPLY < <(compgen {} -- \"$current\")", option));
        if (names_files)
            commands.emplace_back("compopt -o filenames 2>/dev/null");
    };
    if (row.flag->complete == Complete::file)
        add("-f", true);
    else if (row.flag->complete == Complete::directory)
        add("-d", true);
    else if (row.flag->complete == Complete::user)
        add("-u", false);
    else if (row.flag->complete == Complete::machine)
        add(fmt::format("-W \"$({})\"", running_machines), false);
    return fmt::format("{}", fmt::join(commands, "; "));
}

std::string values(const Language& language) {
    std::vector<std::pair<std::string, std::string>> cases;  // command -> patterns, in order of first use
    std::vector<std::string> with_value;
    const auto add = [&](const FlagRow& row) {
        if (row.flag->argument.empty())
            return;
        with_value.push_back("--" + row.flag->long_name);
        if (row.flag->short_name)
            with_value.push_back(fmt::format("-{}", row.flag->short_name));
        const std::string command = offer(row);
        if (command.empty())
            return;
        const auto same = std::find_if(cases.begin(), cases.end(), [&](const auto& known) { return known.first == command; });
        if (same == cases.end())
            cases.emplace_back(command, patterns(*row.flag));
        else
            same->second += " | " + patterns(*row.flag);
    };
    for (const FlagGroup& group : flag_groups(language))
        for (const FlagRow& row : group.rows)
            add(row);
    for (const FlagRow& row : common_rows(language, ""))
        add(row);
    std::string text = fmt::format("_vmspawn_with_value='{}'\n\n", joined(with_value)) + std::string(middle);
    for (const auto& [command, names] : cases)
        text += fmt::format("    {}) {} ;;\n", names, command);
    return text + "    esac\n}\n\n";
}

std::string operand_command(const Language& language, const VerbEntry& verb) {
    const auto words = [](const std::vector<std::string>& all) {
        return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$current\"))", joined(all));
    };
    switch (operand_of(verb)) {
        case Operand::word:
            return words(verb.words);
        case Operand::verb:
            return "COMPREPLY=($(compgen -W \"$_vmspawn_verbs\" -- \"$current\"))";
        case Operand::definition:
            return "_vmspawn_definitions \"$current\"";
        case Operand::key_and_definition:
            return fmt::format("if ((operands == 0)); then {}; else _vmspawn_definitions \"$current\"; fi", words(plain_keys(language)));
        case Operand::machine:
            return fmt::format("COMPREPLY=($(compgen -W \"$({})\" -- \"$current\"))", running_machines);
        case Operand::record:
            return "mapfile -t COMPREPLY < <(compgen -f -- \"$current\"); compopt -o filenames 2>/dev/null";
        case Operand::nothing:
            break;
    }
    return {};
}

std::string operands(const Language& language) {
    std::string text = "_vmspawn_operand() {\n    local verb=$1 current=$2 operands=$3\n    case $verb in\n";
    for (const VerbEntry& verb : language.verbs())
        if (const std::string command = operand_command(language, verb); !command.empty())
            text += fmt::format("    {}) {} ;;\n", verb.name, command);
    return text + "    '') COMPREPLY=($(compgen -W \"$_vmspawn_verbs\" -- \"$current\")) ;;\n    esac\n}\n";
}

}  // namespace

std::string bash_completion(const Language& language) {
    std::vector<std::string> verbs;
    for (const VerbEntry& verb : language.verbs())
        verbs.push_back(verb.name);
    std::string text = "# bash completion for vmspawn\n" + std::string(generated_note) + '\n';
    text += fmt::format("_vmspawn_verbs='{}'\n", joined(verbs));
    return text + flags_by_verb(language) + values(language) + operands(language) + std::string(end);
}

}  // namespace vmspawn
