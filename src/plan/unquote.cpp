#include "plan/unquote.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace vmspawn {

namespace {

constexpr std::array<std::pair<char, char>, 12> simple_escapes{{{'a', '\a'},
                                                                {'b', '\b'},
                                                                {'f', '\f'},
                                                                {'n', '\n'},
                                                                {'r', '\r'},
                                                                {'t', '\t'},
                                                                {'v', '\v'},
                                                                {'s', ' '},
                                                                {'\\', '\\'},
                                                                {'"', '"'},
                                                                {'\'', '\''},
                                                                {' ', ' '}}};

class Splitter {
public:
    explicit Splitter(std::string_view text) : rest_(text) {}

    std::optional<std::vector<std::string>> run() {
        std::vector<std::string> words;
        for (skip_blanks(); !rest_.empty(); skip_blanks()) {
            words.emplace_back();
            if (!read_word(words.back()))
                return std::nullopt;
        }
        return words;
    }

private:
    std::string_view rest_;

    static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

    void skip_blanks() {
        while (!rest_.empty() && is_blank(rest_.front()))
            rest_.remove_prefix(1);
    }

    char take() {
        const char c = rest_.front();
        rest_.remove_prefix(1);
        return c;
    }

    bool read_word(std::string& word) {
        char quote = 0;
        while (!rest_.empty() && (quote != 0 || !is_blank(rest_.front()))) {
            const char c = take();
            if (c == '\\') {
                if (!read_escape(word))
                    return false;
            } else if (quote != 0 ? c == quote : c == '\'' || c == '"') {
                quote = quote != 0 ? '\0' : c;
            } else {
                word += c;
            }
        }
        return quote == 0;
    }

    bool read_escape(std::string& word) {
        if (rest_.empty())
            return false;
        const char c = take();
        for (const auto& [letter, meaning] : simple_escapes)
            if (c == letter) {
                word += meaning;
                return true;
            }
        return c == 'x' && read_hex(word);
    }

    bool read_hex(std::string& word) {
        unsigned value = 0;
        if (rest_.size() < 2)
            return false;
        const auto [end, problem] = std::from_chars(rest_.data(), rest_.data() + 2, value, 16);
        if (problem != std::errc{} || end != rest_.data() + 2 || value == 0)
            return false;
        rest_.remove_prefix(2);
        word += static_cast<char>(value);
        return true;
    }
};

}  // namespace

std::optional<std::vector<std::string>> unquote_words(std::string_view text) {
    return Splitter(text).run();
}

}  // namespace vmspawn
