// Identity of this host, hashed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vmspawn {

/// SipHash-2-4 under a fixed key of ours and `variant`.
std::uint64_t hash_text(std::string_view text, std::uint64_t variant);

/// 32 hex digits that depend on `identity` only and do not show it.
std::string seed_of(std::string_view identity);

/// From /etc/machine-id, else from the host's name.
std::string host_seed();

}  // namespace vmspawn
