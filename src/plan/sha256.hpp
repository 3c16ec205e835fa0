// SHA-256 (FIPS 180-4), for names that must be short and stable. Not for secrets.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmspawn {

std::array<std::uint8_t, 32> sha256(std::string_view bytes);

/// The first `digits` hex digits of the digest.
std::string sha256_hex(std::string_view bytes, std::size_t digits = 64);

}  // namespace vmspawn
