// Numbers as every engine writes them.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace vmspawn {

/// 4f1e2f3a-6d0b-4b0e-9d1c-7a5a3c2b1d0e
std::string dashed(const std::array<std::uint8_t, 16>& uuid);
/// 52:54:00:12:34:56
std::string colons(const std::array<std::uint8_t, 6>& mac);

}  // namespace vmspawn
