// The kinds of value that a property of a unit has: each reads what systemctl set-property takes, and nothing is what it does not take.
#pragma once

#include "base/unit_property.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn::unit_value {

using Value = std::optional<UnitProperty>;

Value flag(const std::string& name, std::string_view text);
Value plain(const std::string& name, std::string_view text);
Value weight(const std::string& name, std::string_view text);
Value memory(const std::string& name, std::string_view text);
Value protected_memory(const std::string& name, std::string_view text);  ///< without a value there is none
Value tasks(const std::string& name, std::string_view text);
Value quota(const std::string& name, std::string_view text);
Value pressure(const std::string& name, std::string_view text);
Value span(const std::string& name, std::string_view text);
Value span_or_default(const std::string& name, std::string_view text);
Value duration_of_pressure(const std::string& name, std::string_view text);
Value exit_status(const std::string& name, std::string_view text);
Value signal(const std::string& name, std::string_view text);
Value numbers(const std::string& name, std::string_view text);  ///< "0-3,8 10"

Value names(const std::string& name, std::string_view text);
Value units(const std::string& name, std::string_view text);
Value uris(const std::string& name, std::string_view text);
Value paths(const std::string& name, std::string_view text);
Value path(const std::string& name, std::string_view text);

// of devices
Value limit(const std::string& name, std::string_view text);
Value device_weight(const std::string& name, std::string_view text);
Value latency(const std::string& name, std::string_view text);
Value rights(const std::string& name, std::string_view text);

// of networks
Value addresses(const std::string& name, std::string_view text);
Value binds(const std::string& name, std::string_view text);
Value interfaces(const std::string& name, std::string_view text);

// what they are made of
std::vector<std::string> words_of(std::string_view text, std::string_view separators = " \t");
std::optional<std::uint32_t> small_number(std::string_view text);

}  // namespace vmspawn::unit_value
