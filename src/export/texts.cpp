#include "export/texts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vmspawn {

std::string dashed(const std::array<std::uint8_t, 16>& uuid) {
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i)
        text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    return text;
}

std::string colons(const std::array<std::uint8_t, 6>& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

}  // namespace vmspawn
