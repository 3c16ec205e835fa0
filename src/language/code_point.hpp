// Code points as numbers, for the escapes of keys and credentials.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// One to eight hexadecimal digits of any case.
std::optional<std::uint32_t> parse_hex(std::string_view digits);

/// Appends the code point in UTF-8; false if it is none (a surrogate, over 10FFFF).
bool append_utf8(std::string& text, std::uint32_t code_point);

}  // namespace vmspawn
