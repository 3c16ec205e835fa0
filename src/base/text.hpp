// Text: spelling, quoting, width.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Of ASCII, whatever the locale.
constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The candidate nearest to `word` by edit distance (swaps count once), if near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// Columns that `text` takes on a terminal: wide characters 2, combining ones 0. Invalid UTF-8 counts 1 a byte.
std::size_t display_width(std::string_view text);

/// `text`, which is UTF-8, or its beginning and "…" where it takes more than `columns`, at least one.
std::string shortened(std::string_view text, std::size_t columns);

/// Number of code points.
std::size_t code_points(std::string_view text);

bool is_utf8(std::string_view text);

/// Safe to print: control characters and invalid UTF-8 as \xNN.
std::string printable(std::string_view text);

/// A word that bash reads back as `word`; bare where nothing needs quoting.
std::string shell_quote(std::string_view word);

/// A TOML basic string, with quotes.
std::string toml_quote(std::string_view text);

/// "a", "b" or "c"
std::string join_words(std::span<const std::string> words, std::string_view separator = ", ", std::string_view last = " or ");

std::string base64_encode(std::string_view bytes);
/// Standard alphabet with padding; white space is skipped. Nothing else is.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace vmspawn
