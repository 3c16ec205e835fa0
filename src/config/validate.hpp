// One layer against the language: unknown keys, wrong types, out-of-range and malformed values. Reports everything.
#pragma once

#include "base/diagnostic.hpp"
#include "config/tree.hpp"
#include "language/schema.hpp"

#include <optional>
#include <string>

namespace vmspawn {

/// Judges a file's tree, its profiles included.
void validate(const Language& language, const Table& root, Diagnostics& found);

/// Judges one value for one setting; used for flags too. True when it is good.
bool validate_value(const Setting& setting, const KeyPath& key, const Node& node, Diagnostics& found);

/// The value that `text` means for this setting: --set kvm=yes, --cpus=4. The node's origin is `at`. Nothing: a problem was added.
std::optional<Node> value_from_text(const Setting& setting, const KeyPath& key, const std::string& text, const Origin& at,
                                    Diagnostics& found);

}  // namespace vmspawn
