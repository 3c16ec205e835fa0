// Names and ids.
#include "base/text.hpp"
#include "language/code_point.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmspawn {

namespace {

constexpr std::size_t longest_machine_name = 64;

bool is_letter_or_digit(char c) {
    return is_letter(c) || is_digit(c);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

/// Ids that no user or group can have: (uid_t) -1, and the same of the old 16-bit ids.
bool is_reserved_id(std::uint32_t id) {
    return id == UINT32_MAX || id == UINT16_MAX;
}

}  // namespace

std::optional<std::uint32_t> parse_cid(std::string_view text) {
    const auto cid = parse_number<std::uint32_t>(text);
    return cid && *cid >= 3 && *cid != UINT32_MAX ? cid : std::nullopt;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
    const bool dashed = text.size() == 36;
    if (!dashed && text.size() != 32)
        return std::nullopt;
    Uuid uuid{};
    std::size_t at = 0;
    for (std::size_t byte = 0; byte < uuid.size(); ++byte) {
        const bool dash_here = dashed && (byte == 4 || byte == 6 || byte == 8 || byte == 10);
        if (dash_here && text[at++] != '-')
            return std::nullopt;
        const auto value = parse_hex(text.substr(at, 2));
        if (!value)
            return std::nullopt;
        uuid[byte] = static_cast<std::uint8_t>(*value);
        at += 2;
    }
    return uuid == Uuid{} ? std::nullopt : std::optional(uuid);
}

std::string print_uuid(const Uuid& uuid) {
    std::string text;
    for (std::size_t byte = 0; byte < uuid.size(); ++byte)
        text += fmt::format("{}{:02x}", byte == 4 || byte == 6 || byte == 8 || byte == 10 ? "-" : "", uuid[byte]);
    return text;
}

bool is_machine_name(std::string_view text) {
    if (text.empty() || text.size() > longest_machine_name)
        return false;
    char before = '.';
    for (const char c : text) {
        const bool allowed = c == '.' ? before != '.' && before != '-' : c == '-' ? before != '.' : is_letter_or_digit(c);
        if (!allowed)
            return false;
        before = c;
    }
    return before != '.' && before != '-';
}

std::string clean_machine_name(std::string_view text) {
    std::string name;
    for (const char c : text) {
        if (name.size() == longest_machine_name)
            break;
        const bool label_starts = name.empty() || name.back() == '.';
        const bool keep = c == '.' ? !label_starts && name.back() != '-' : c == '-' ? !label_starts : is_letter_or_digit(c);
        if (keep)
            name += c;
    }
    while (!name.empty() && (name.back() == '.' || name.back() == '-'))
        name.pop_back();
    return name;
}

bool is_credential_id(std::string_view text) {
    if (text.empty() || text.size() > 255 || text == "." || text == "..")
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '/' && c != ':'; });
}

std::optional<IdRange> parse_id_range(std::string_view text) {
    IdRange ids;
    const auto colon = text.find(':');
    const auto shift = parse_number<std::uint32_t>(text.substr(0, colon));
    if (!shift || is_reserved_id(*shift))
        return std::nullopt;
    ids.shift = *shift;
    if (colon != std::string_view::npos) {
        const auto range = parse_number<std::uint32_t>(text.substr(colon + 1));
        if (!range || *range == 0)
            return std::nullopt;
        ids.range = *range;
    }
    return std::uint64_t{ids.shift} + ids.range <= UINT32_MAX ? std::optional(ids) : std::nullopt;
}

}  // namespace vmspawn
