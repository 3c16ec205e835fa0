#include "base/hardware_address.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstddef>

namespace vmspawn {

std::optional<Mac> parse_hardware_address(std::string_view text) {
    const std::size_t group = text.size() == 14 ? 4 : 2;  // digits
    if (group == 2 && text.size() != 17)
        return std::nullopt;
    const std::string_view between = group == 4 ? "." : text[2] == '-' ? "-" : ":";
    Mac mac{};
    std::size_t at = 0;
    for (std::size_t byte = 0; byte < mac.size(); ++byte) {
        if (at % (group + 1) == group && text.substr(at++, 1) != between)
            return std::nullopt;
        const char* digits = text.data() + at;
        at += 2;
        if (const auto [end, failure] = std::from_chars(digits, digits + 2, mac[byte], 16); failure != std::errc{} || end != digits + 2)
            return std::nullopt;
    }
    const bool is_multicast = (mac[0] & 1) != 0;
    return is_multicast || mac == Mac{} ? std::nullopt : std::optional(mac);
}

std::string print_mac(const Mac& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

Mac local_mac(Mac bytes) {
    bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0xfe) | 0x02);
    return bytes;
}

}  // namespace vmspawn
