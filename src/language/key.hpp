// Keys: the dotted names of settings, as written in TOML and in --set.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// {"mount", "src", "read-only"}
using KeyPath = std::vector<std::string>;

/// `name` in the table `key`.
KeyPath below(KeyPath key, const std::string& name);

/// TOML spelling, parts quoted where TOML wants it: mount.src.read-only, credentials."ssh.authorized_keys.root"
std::string to_string(const KeyPath& key);

/// The reverse, for --set and explain. Bare and quoted parts, blanks around dots. Nothing on a syntax error or over 32 parts.
std::optional<KeyPath> parse_key(std::string_view text);

}  // namespace vmspawn
