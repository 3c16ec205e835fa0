// One layer against the language: unknown keys, wrong types, out-of-range and malformed values. Reports everything.
#pragma once

#include "base/diagnostic.hpp"
#include "config/tree.hpp"
#include "language/schema.hpp"

#include <optional>
#include <string>

namespace vmspawn {

/// Judges a file's tree, its profiles included. A named entry may lack a required key: another layer can give it, so merge() judges that.
void validate(const Language& language, const Table& root, Diagnostics& found);

/// The same for a table that a flag sets: --set mount.src={…}. `at` is a table of the language.
void validate_table(const Language& language, const KeyPath& at, const Table& table, Diagnostics& found);

/// The name of an entry below `section`, where the user chooses it.
bool validate_name(const Section& section, const std::string& name, const Origin& at, Diagnostics& found);

/// Judges one value for one setting; used for flags too. True when it is good.
bool validate_value(const Setting& setting, const KeyPath& key, const Node& node, Diagnostics& found);

/// The value that `text` means for this setting: --set kvm=yes, --cpus=4. The node's origin is `at`, which covers `text` when it is an
/// argument. Nothing: a problem was added.
std::optional<Node> value_from_text(const Setting& setting, const KeyPath& key, const std::string& text, const Origin& at,
                                    Diagnostics& found);

/// A TOML list or table after "--set KEY=", with origins inside the argument.
std::optional<Node> toml_from_text(const KeyPath& key, const std::string& text, const Origin& at, Diagnostics& found);

}  // namespace vmspawn
