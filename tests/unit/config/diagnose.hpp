// What vmspawn says of a command line: all problems of flags, files and rules as one text.
#pragma once

#include "base/render.hpp"
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "config/layers.hpp"
#include "config/merge.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vmspawn {

/// As `PROGRAM WORD…` would judge it up to the machine. Rules between keys are judged only when each value is good by itself.
inline Diagnostics judge_command_line(const std::vector<std::string>& words, const char* program = "vmspawn") {
    Diagnostics found;
    std::vector<const char*> argv = {program};
    for (const std::string& word : words)
        argv.push_back(word.c_str());
    const Invocation invocation = parse_arguments(language(), argv, found);
    const VerbEntry* verb = language().find_verb(invocation.verb);
    if (verb == nullptr || !verb->takes_settings)
        return found;
    const std::string file = invocation.files.empty() ? "" : invocation.files.front();
    const std::filesystem::path home = "/home/user";
    Layers layers = read_layers(language(), file, invocation.profile, invocation.profile_at, found, home);
    const Merged merged = merge(language(), std::move(layers), invocation, found);
    if (!found.has_errors())
        decode(merged, {std::filesystem::current_path(), home}, found);
    found.sort_by_place();
    return found;
}

}  // namespace vmspawn
