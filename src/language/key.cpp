#include "language/key.hpp"

#include "base/text.hpp"
#include "language/code_point.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

constexpr std::size_t most_parts = 32;

bool is_bare(char c) {
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

bool is_bare_key(std::string_view part) {
    if (part.empty())
        return false;
    for (const char c : part)
        if (!is_bare(c))
            return false;
    return true;
}

/// Reads a key from left to right.
class KeyReader {
public:
    explicit KeyReader(std::string_view text) : rest_(text) {}

    std::optional<KeyPath> path() {
        KeyPath key;
        do {
            skip_blanks();
            auto next = part();
            if (!next || key.size() == most_parts)
                return std::nullopt;
            key.push_back(std::move(*next));
            skip_blanks();
        } while (take('.'));
        return rest_.empty() ? std::optional(std::move(key)) : std::nullopt;
    }

private:
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::optional<std::string> part() {
        if (take('\''))
            return quoted('\'');
        if (take('"'))
            return quoted('"');
        std::size_t length = 0;
        while (length < rest_.size() && is_bare(rest_[length]))
            ++length;
        if (length == 0)
            return std::nullopt;
        std::string bare(rest_.substr(0, length));
        rest_.remove_prefix(length);
        return bare;
    }

    std::optional<std::string> quoted(char quote) {
        std::string text;
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == quote)
                return is_utf8(text) ? std::optional(std::move(text)) : std::nullopt;
            if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f')
                return std::nullopt;
            if (c != '\\' || quote == '\'')
                text += c;
            else if (!escape(text))
                return std::nullopt;
        }
        return std::nullopt;
    }

    bool escape(std::string& text) {
        if (rest_.empty())
            return false;
        const char c = rest_.front();
        rest_.remove_prefix(1);
        if (c == 'u' || c == 'U')
            return code_point(c == 'u' ? 4 : 8, text);
        const std::string_view letters = "btnfr\"\\";
        const std::string_view meanings = "\b\t\n\f\r\"\\";
        const auto index = letters.find(c);
        if (index == std::string_view::npos)
            return false;
        text += meanings[index];
        return true;
    }

    bool code_point(std::size_t digits, std::string& text) {
        if (rest_.size() < digits)
            return false;
        const auto value = parse_hex(rest_.substr(0, digits));
        rest_.remove_prefix(digits);
        return value && *value != 0 && append_utf8(text, *value);
    }

    std::string_view rest_;
};

}  // namespace

KeyPath below(KeyPath key, const std::string& name) {
    key.push_back(name);
    return key;
}

std::string to_string(const KeyPath& key) {
    std::string text;
    for (const std::string& part : key) {
        if (!text.empty())
            text += '.';
        text += is_bare_key(part) || part == "*" ? part : toml_quote(part);
    }
    return text;
}

std::optional<KeyPath> parse_key(std::string_view text) {
    return KeyReader(text).path();
}

}  // namespace vmspawn
