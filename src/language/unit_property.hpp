// unit.properties: NAME=VALUE as systemctl set-property takes it, for what a scope can have.
#pragma once

#include "base/unit_property.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// Nothing: `problem` says in one clause what is wrong with it, and `hint`, which may be empty, what was expected.
std::optional<UnitProperty> parse_unit_property(std::string_view text, std::string& problem, std::string& hint);

}  // namespace vmspawn
