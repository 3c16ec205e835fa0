#include "base/text.hpp"

#include <cstdint>

namespace vmspawn {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string without_blanks(std::string_view text) {
    std::string out;
    for (const char c : text)
        if (std::string_view(" \t\r\n").find(c) == std::string_view::npos)
            out += c;
    return out;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = (group << 8U) | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            out += k <= count ? alphabet[(group >> (18 - 6 * k)) & 0x3FU] : '=';
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    const std::string dense = without_blanks(text);
    if (dense.size() % 4 != 0)
        return std::nullopt;
    const std::size_t padding = dense.ends_with("==") ? 2 : dense.ends_with("=") ? 1 : 0;
    std::string out;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < dense.size(); ++i) {
        const std::size_t value = i >= dense.size() - padding ? 0 : alphabet.find(dense[i]);
        if (value == std::string_view::npos)
            return std::nullopt;
        group = (group << 6U) | static_cast<std::uint32_t>(value);
        if (i % 4 == 3)
            for (const unsigned shift : {16U, 8U, 0U})
                out += static_cast<char>((group >> shift) & 0xFFU);
    }
    out.resize(out.size() - padding);
    return out;
}

}  // namespace vmspawn
