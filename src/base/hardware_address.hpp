// The address of a network card.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

using Mac = std::array<std::uint8_t, 6>;

/// As systemd spells them: six pairs of digits with ':' or '-' between, or three groups of four with '.'. Unicast, not zero.
std::optional<Mac> parse_hardware_address(std::string_view text);
/// With ':'.
std::string print_mac(const Mac& mac);

/// Bytes of a hash as an address: of one station, locally administered.
Mac local_mac(Mac bytes);

}  // namespace vmspawn
