// Booleans and escapes.
#include "language/code_point.hpp"
#include "language/formats.hpp"

#include <algorithm>
#include <charconv>

namespace vmspawn {

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Reads the escape after a backslash, from left to right.
class Unescaper {
public:
    explicit Unescaper(std::string_view text) : rest_(text) {}

    std::optional<std::string> all() {
        std::string result;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c != '\\')
                result += c;
            else if (!one(result))
                return std::nullopt;
        }
        return result;
    }

private:
    bool one(std::string& result) {
        if (rest_.empty())
            return false;
        const char c = rest_.front();
        if (c >= '0' && c <= '7')
            return byte(3, 8, result);
        rest_.remove_prefix(1);
        if (c == 'x')
            return byte(2, 16, result);
        if (c == 'u' || c == 'U')
            return code_point(c == 'u' ? 4 : 8, result);
        const std::string_view letters = "abfnrtvs\\\"'";
        const std::string_view meanings = "\a\b\f\n\r\t\v \\\"'";
        const auto index = letters.find(c);
        if (index == std::string_view::npos)
            return false;
        result += meanings[index];
        return true;
    }

    bool byte(std::size_t digits, int base, std::string& result) {
        unsigned value = 0;
        const std::string_view word = rest_.substr(0, digits);
        const auto [end, failure] = std::from_chars(word.data(), word.data() + word.size(), value, base);
        if (word.size() != digits || failure != std::errc{} || end != word.data() + digits || value > 255)
            return false;
        rest_.remove_prefix(digits);
        result += static_cast<char>(value);
        return true;
    }

    bool code_point(std::size_t digits, std::string& result) {
        if (rest_.size() < digits)
            return false;
        const auto value = parse_hex(rest_.substr(0, digits));
        rest_.remove_prefix(digits);
        return value && append_utf8(result, *value);
    }

    std::string_view rest_;
};

}  // namespace

std::optional<bool> parse_boolean(std::string_view text) {
    const std::string_view yes[] = {"1", "yes", "y", "true", "t", "on"};
    const std::string_view no[] = {"0", "no", "n", "false", "f", "off"};
    std::string word(text);
    std::transform(word.begin(), word.end(), word.begin(), lower);
    if (std::find(std::begin(yes), std::end(yes), word) != std::end(yes))
        return true;
    if (std::find(std::begin(no), std::end(no), word) != std::end(no))
        return false;
    return std::nullopt;
}

std::optional<std::string> unescape(std::string_view text) {
    return Unescaper(text).all();
}

}  // namespace vmspawn
