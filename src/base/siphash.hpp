// SipHash-2-4, as published: the same number for the same key and bytes on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmspawn {

/// The key is two words of little endian.
std::uint64_t siphash(std::uint64_t k0, std::uint64_t k1, std::string_view bytes);

}  // namespace vmspawn
