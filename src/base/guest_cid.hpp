// The number of a guest on VSOCK that its name gives, so that it is the same on every host where it is free.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmspawn {

/// 3 to 4294967293. `round` counts from 0: with a higher one another number comes (systemd-vmspawn's rule: SipHash-2-4 of both).
std::uint32_t guest_cid(std::string_view name, std::uint32_t round);

inline constexpr std::uint32_t guest_cid_rounds = 64;  ///< then systemd-vmspawn draws

}  // namespace vmspawn
