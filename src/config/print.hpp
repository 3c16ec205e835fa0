// Merged values for people: `show` and `explain`.
#pragma once

#include "config/merge.hpp"
#include "config/paths.hpp"

#include <string>

namespace vmspawn {

/// A definition that, read back from the same directory, gives the same machine. Relative paths are printed as absolute ones,
/// defaults are left out, the machine's name is always said. Credential values are printed: the caller says so where that matters.
std::string show_toml(const Language& language, const Merged& merged, const PathBase& base);
/// {"version":1,"definition":{…}} with the same content, but for a credential's value {"redacted":true}.
std::string show_json(const Language& language, const Merged& merged, const PathBase& base);

/// The value, where it came from, what that hid, and what the key means. A table's key explains each of its leaves.
/// Credential values are not printed. Empty for a key that the language does not have.
std::string explain_text(const Language& language, const Merged& merged, const KeyPath& key);
std::string explain_json(const Language& language, const Merged& merged, const KeyPath& key);

}  // namespace vmspawn
