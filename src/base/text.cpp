#include "base/text.hpp"

#include "base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <numeric>

namespace vmspawn {

namespace {

bool same_letter(char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, case aside: optimal string alignment over three rows.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), 0U);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replace = last[j - 1] + (same_letter(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

template <class Visit>
void each_code_point(std::string_view text, Visit visit) {
    while (!text.empty()) {
        const CodePoint point = decode_utf8(text);
        visit(point, text.substr(0, point.bytes));
        text.remove_prefix(point.bytes);
    }
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c < 0xA0);
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
    constexpr std::size_t longest = 64;  // longer words are no slips of the hand
    if (word.empty() || word.size() > longest)
        return std::nullopt;
    const std::string* best = nullptr;
    std::size_t best_distance = std::max<std::size_t>(1, (word.size() + 2) / 3) + 1;
    for (const std::string& candidate : candidates) {
        if (candidate.size() > longest)
            continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best == nullptr ? std::nullopt : std::optional(*best);
}

std::size_t display_width(std::string_view text) {
    std::size_t width = 0;
    each_code_point(text, [&width](CodePoint point, std::string_view) { width += point.valid ? column_width(point.value) : 1; });
    return width;
}

std::string shortened(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns)
        return std::string(text);
    std::string_view kept = text;
    while (!kept.empty() && (!is_utf8(kept) || display_width(kept) >= columns))
        kept.remove_suffix(1);
    return std::string(kept) + "…";
}

std::size_t code_points(std::string_view text) {
    std::size_t count = 0;
    each_code_point(text, [&count](CodePoint, std::string_view) { ++count; });
    return count;
}

bool is_utf8(std::string_view text) {
    bool valid = true;
    each_code_point(text, [&valid](CodePoint point, std::string_view) { valid = valid && point.valid; });
    return valid;
}

std::string printable(std::string_view text) {
    std::string out;
    each_code_point(text, [&out](CodePoint point, std::string_view bytes) {
        if (point.valid && !is_control(point.value)) {
            out += bytes;
            return;
        }
        for (const char c : bytes)
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    });
    return out;
}

std::string shell_quote(std::string_view word) {
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
    if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos)
        return std::string(word);
    std::string out = "'";
    for (const char c : word) {
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    }
    return out + "'";
}

std::string toml_quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out += {'\\', c};
        else if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (byte < 0x20 || byte == 0x7F)
            out += fmt::format("\\u{:04x}", byte);
        else
            out += c;
    }
    return out + "\"";
}

std::string join_words(std::span<const std::string> words, std::string_view separator, std::string_view last) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0)
            out += i + 1 == words.size() ? last : separator;
        out += words[i];
    }
    return out;
}

}  // namespace vmspawn
