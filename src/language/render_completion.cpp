#include "language/completion.hpp"
#include "language/render_help.hpp"

#include <algorithm>

namespace vmspawn {

std::vector<std::string> setting_verbs(const Language& language) {
    std::vector<std::string> names;
    for (const VerbEntry& verb : language.verbs())
        if (verb.takes_settings)
            names.push_back(verb.name);
    return names;
}

std::vector<std::string> plain_keys(const Language& language) {
    std::vector<std::string> keys;
    for (const Setting& setting : language.settings())
        if (std::find(setting.key.begin(), setting.key.end(), "*") == setting.key.end())
            keys.push_back(to_string(setting.key));
    return keys;
}

Operand operand_of(const VerbEntry& verb) {
    if (!verb.words.empty())
        return Operand::word;
    if (verb.argument == "machine")
        return Operand::machine;
    if (verb.argument == "file")
        return Operand::record;
    if (verb.synopsis.find("KEY") != std::string::npos)
        return Operand::key_and_definition;
    if (verb.synopsis.find("FILE") != std::string::npos)
        return Operand::definition;
    return verb.synopsis.find("VERB") != std::string::npos ? Operand::verb : Operand::nothing;
}

std::string single_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

std::string completion_script(const Language& language, std::string_view shell) {
    if (shell == "bash")
        return bash_completion(language);
    if (shell == "zsh")
        return zsh_completion(language);
    if (shell == "fish")
        return fish_completion(language);
    return {};
}

}  // namespace vmspawn
