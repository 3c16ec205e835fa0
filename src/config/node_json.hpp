// A node as JSON, for the printers of this folder.
#pragma once

#include "config/tree.hpp"
#include "language/schema.hpp"

#include <nlohmann/json.hpp>

namespace vmspawn {

/// Does the node hold a credential's bytes, which are not printed?
bool is_secret(const Setting& setting, const Node& node);

/// {"redacted":true} for a secret.
nlohmann::ordered_json to_json(const Setting& setting, const Node& node);

/// {"kind":"file", file, line, column}, {"kind":"argument", index, argument} or {"kind":"default"}
nlohmann::ordered_json origin_json(const Origin& at);

}  // namespace vmspawn
