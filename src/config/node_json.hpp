// A node as JSON, for the printers of this folder.
#pragma once

#include "config/tree.hpp"
#include "language/schema.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace vmspawn {

/// Does the node hold a credential's bytes, which are not printed?
bool is_secret(const Setting& setting, const Node& node);

/// As it is.
nlohmann::ordered_json to_json(const Node& node);
/// Texts, numbers, booleans, and lists or tables of those. Nothing for what no value of a definition can be.
std::optional<Node> node_from_json(const nlohmann::ordered_json& json, const Origin& at);

/// {"redacted":true} for a secret.
nlohmann::ordered_json to_json(const Setting& setting, const Node& node);

/// {"kind":"file", file, line, column}, {"kind":"argument", index, argument} or {"kind":"default"}
nlohmann::ordered_json origin_json(const Origin& at);
/// Back again; what is not well formed is a default.
Origin origin_from_json(const nlohmann::ordered_json& json);

}  // namespace vmspawn
