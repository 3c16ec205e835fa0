// A value as it is shown. Private to this folder.
#pragma once

#include "config/merge.hpp"
#include "config/paths.hpp"

#include <optional>

namespace vmspawn {

/// Its paths made absolute.
Node shown_value(const Setting& setting, Node node, const PathBase& base);

/// What the machine takes from where it is defined, said in words.
struct Derived {
    std::optional<Node> name;  ///< nothing: it is said
    std::optional<Node> root;  ///< image.directory that is meant when no root is said
};
Derived derived_values(const Merged& merged, const PathBase& base);

}  // namespace vmspawn
