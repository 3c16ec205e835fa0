// The formats that the schema names, as one table.
#include "language/formats.hpp"

#include "base/text.hpp"
#include "language/unit_name.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace vmspawn {

namespace {

bool has_nul(std::string_view text) {
    return text.find('\0') != std::string_view::npos;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

/// Not empty, and letters, digits or one of `others`.
bool is_made_of(std::string_view text, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [&](char c) { return is_letter(c) || is_digit(c) || others.find(c) != std::string_view::npos; });
}

bool is_text(std::string_view text) {
    return is_utf8(text) && !has_nul(text);
}

bool is_path(std::string_view text) {
    return !text.empty() && !has_nul(text);
}

bool is_guest_path(std::string_view text) {
    return text.substr(0, 1) == "/" && is_text(text);
}

bool is_want(std::string_view text) {
    return text == "auto" || parse_boolean(text);
}

bool is_state(std::string_view text) {
    return text == "auto" || text == "off" || is_explicit_path(text);
}

bool is_firmware(std::string_view text) {
    return text == "auto" || text == "uefi" || text == "bios" || text == "none" || is_explicit_path(text);
}

bool is_firmware_feature(std::string_view text) {
    return is_made_of(text.substr(text.substr(0, 1) == "~" ? 1 : 0), "-_.");
}

bool is_smbios(std::string_view text) {
    return !text.empty() && is_text(text);
}

bool is_sgr(std::string_view text) {
    return text.empty() || (text.find_first_not_of("0123456789;") == std::string_view::npos);
}

bool is_key_type(std::string_view text) {
    return is_made_of(text, "-_.@") && (is_letter(text.front()) || is_digit(text.front()));
}

bool is_user_name(std::string_view text) {
    return is_made_of(text, "_-") && text.size() <= 31 && !is_digit(text.front()) && text.front() != '-';
}

bool is_unit_property(std::string_view text) {
    const auto equals = text.find('=');
    return equals != std::string_view::npos && is_letter(text.front()) && is_made_of(text.substr(0, equals), "") && is_text(text);
}

bool is_entry_name(std::string_view text) {
    return !text.empty() && is_utf8(text) && code_points(text) <= 64 && !has_control(text) && text.find('/') == std::string_view::npos;
}

struct Format {
    std::string_view name;
    bool (*accepts)(std::string_view);
};

constexpr std::array<Format, 25> formats = {{
    {"base64", [](std::string_view text) { return base64_decode(text).has_value(); }},
    {"cid", [](std::string_view text) { return parse_cid(text).has_value(); }},
    {"credential-id", is_credential_id},
    {"entry-name", is_entry_name},
    {"firmware", is_firmware},
    {"firmware-feature", is_firmware_feature},
    {"forward", [](std::string_view text) { return parse_forward(text).has_value(); }},
    {"guest-path", is_guest_path},
    {"id-shift", [](std::string_view text) { return parse_id_range(text).has_value(); }},
    {"id128", [](std::string_view text) { return parse_uuid(text).has_value(); }},
    {"key-type", is_key_type},
    {"mac", [](std::string_view text) { return parse_mac(text).has_value(); }},
    {"machine-name", is_machine_name},
    {"path", is_path},
    {"sgr", is_sgr},
    {"shell", is_explicit_path},
    {"size", [](std::string_view text) { return parse_size(text).has_value(); }},
    {"slice", is_slice},
    {"smbios", is_smbios},
    {"span", [](std::string_view text) { return parse_span(text).has_value(); }},
    {"state", is_state},
    {"text", is_text},
    {"unit-property", is_unit_property},
    {"user-name", is_user_name},
    {"want", is_want},
}};

constexpr auto name_table = [] {
    std::array<std::string_view, formats.size()> result{};
    for (std::size_t i = 0; i < formats.size(); ++i)
        result[i] = formats[i].name;
    return result;
}();

}  // namespace

bool is_explicit_path(std::string_view text) {
    if (has_nul(text))
        return false;
    for (const std::string_view start : {"/", "./", "../", "~/"})
        if (text.substr(0, start.size()) == start)
            return true;
    return false;
}

bool has_format(std::string_view format, std::string_view text) {
    const auto known = std::find_if(formats.begin(), formats.end(), [&](const Format& candidate) { return candidate.name == format; });
    if (known == formats.end()) {
        std::fprintf(stderr, "vmspawn: no format %.*s\n", static_cast<int>(format.size()), format.data());
        std::abort();
    }
    return known->accepts(text);
}

std::span<const std::string_view> format_names() {
    return name_table;
}

}  // namespace vmspawn
