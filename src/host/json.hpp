// JSON from outside: bounded in size and depth before anything looks at it.
#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace vmspawn {

constexpr std::size_t json_size_limit = 16U << 20U;

/// Nothing for text that is no JSON, is larger than json_size_limit or nests deeper than `depth`.
std::optional<nlohmann::json> parse_json(std::string_view text, int depth = 16);

}  // namespace vmspawn
