#include "language/code_point.hpp"

#include <charconv>

namespace vmspawn {

std::optional<std::uint32_t> parse_hex(std::string_view digits) {
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.empty() || failure != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

bool append_utf8(std::string& text, std::uint32_t code_point) {
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
        return false;
    if (code_point < 0x80) {
        text += static_cast<char>(code_point);
        return true;
    }
    const int continuations = code_point < 0x800 ? 1 : code_point < 0x10000 ? 2 : 3;
    const std::uint32_t leads[] = {0, 0xC0, 0xE0, 0xF0};
    text += static_cast<char>(leads[continuations] | (code_point >> (6 * continuations)));
    for (int left = continuations - 1; left >= 0; --left)
        text += static_cast<char>(0x80 | ((code_point >> (6 * left)) & 0x3F));
    return true;
}

}  // namespace vmspawn
