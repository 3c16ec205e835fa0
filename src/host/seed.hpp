// Identity of this host, hashed.
#pragma once

#include "base/hardware_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// SipHash-2-4 under a fixed key of ours and `variant`.
std::uint64_t hash_text(std::string_view text, std::uint64_t variant);

/// 32 hex digits that depend on `identity` only and do not show it.
std::string seed_of(std::string_view identity);

/// From /etc/machine-id, else from the host's name.
std::string host_seed();

/// What systemd-vmspawn gives the tap interface of a machine of that name as the guest's address on the host of that machine id, 32 hex
/// digits.
Mac tap_mac(std::string_view machine_id, std::string_view machine);
/// On this host; nothing where it has no machine id.
std::optional<Mac> tap_mac(std::string_view machine);

}  // namespace vmspawn
