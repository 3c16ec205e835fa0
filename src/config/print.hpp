// Merged values for people: `show`, `explain` and `diff`.
#pragma once

#include "config/merge.hpp"
#include "config/paths.hpp"

#include <string>

namespace vmspawn {

/// Built-in defaults, where nothing else is said: left out, or shown; as comments, so that the definition stays the same.
enum class Defaults { left_out, shown };

/// A definition that, read back from the same directory, gives the same machine. Relative paths are printed as absolute ones,
/// the machine's name is always said. Credential values are printed: the caller says so where that matters.
std::string show_toml(const Language& language, const Merged& merged, const PathBase& base, Defaults defaults = Defaults::left_out);
/// {"version":1,"definition":{…}} with the same content, but for a credential's value {"redacted":true}.
std::string show_json(const Language& language, const Merged& merged, const PathBase& base, Defaults defaults = Defaults::left_out);

/// The value, where it came from, what that hid, and what the key means. A table's key explains each of its leaves.
/// Credential values are not printed. Empty for a key that the language does not have.
std::string explain_text(const Language& language, const Merged& merged, const KeyPath& key);
std::string explain_json(const Language& language, const Merged& merged, const KeyPath& key);

/// Each key whose values differ in two definitions, with where either comes from; paths are absolute, and 1G is 1024M. Empty: none does.
std::string difference_text(const Language& language, const Merged& a, const Merged& b, const PathBase& base);
/// {"version":1,"a":FILE,"b":FILE,"differences":[{"key":…,"a":{value, origin},"b":null}]}
std::string difference_json(const Language& language, const Merged& a, const Merged& b, const PathBase& base);

}  // namespace vmspawn
