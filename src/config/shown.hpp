// A value as it is shown. Private to this folder.
#pragma once

#include "config/paths.hpp"
#include "config/tree.hpp"
#include "language/schema.hpp"

namespace vmspawn {

/// Its paths made absolute.
Node shown_value(const Setting& setting, Node node, const PathBase& base);

}  // namespace vmspawn
