// Two definitions side by side. Private to this folder.
#pragma once

#include "config/merge.hpp"
#include "config/paths.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <vector>

namespace vmspawn {

struct Difference {
    const Setting* setting;
    KeyPath key;
    std::optional<Node> a, b;  ///< nothing: it has no such value. Paths are absolute
};

/// In the order of the language; of entries, those of `a` first.
std::vector<Difference> differences(const Language& language, const Merged& a, const Merged& b, const PathBase& base);

/// {"value":…, "origin":…}, or null.
nlohmann::ordered_json side_json(const Setting& setting, const std::optional<Node>& node);

}  // namespace vmspawn
