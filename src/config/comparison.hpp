// A definition beside the machine that runs: what would change, and what it takes.
#pragma once

#include "config/kept_definition.hpp"

#include <string>

namespace vmspawn {

/// Two or more lines of at most 80 columns for each key whose values differ, and one that counts them. Empty: none does.
std::string comparison_text(const Language& language, const KeptDefinition& running, const Merged& wanted, const PathBase& base);
/// {"version":1,"machine":NAME,"definition":FILE,"changes":[{"key":…,"takes":"live"|"restart"|"new-image","from":{value,
/// origin},"to":null}]}
std::string comparison_json(const Language& language, const KeptDefinition& running, const Merged& wanted, const PathBase& base,
                            const std::string& machine);

}  // namespace vmspawn
