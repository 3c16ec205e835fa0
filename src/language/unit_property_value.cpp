#include "language/unit_property_value.hpp"

#include "base/text.hpp"
#include "language/formats.hpp"
#include "language/unit_name.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <utility>

namespace vmspawn::unit_value {

namespace {

constexpr std::uint64_t unlimited = UINT64_MAX;

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
    Number number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return failure == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// "12.34%" in hundredths of a percent. `most`: the same, of what is allowed.
std::optional<std::uint64_t> percentage(std::string_view text, std::uint64_t most) {
    if (!text.ends_with('%'))
        return std::nullopt;
    text.remove_suffix(1);
    const std::size_t dot = std::min(text.find('.'), text.size());
    std::string digits(text.substr(0, dot));
    std::string fraction(text.substr(std::min(dot + 1, text.size())));
    if (digits.empty() || fraction.size() > 2 || (dot < text.size() && fraction.empty()))
        return std::nullopt;
    fraction.resize(2, '0');
    const auto number = whole_number<std::uint64_t>(digits + fraction);
    return number && *number <= most ? number : std::nullopt;
}

/// Bandwidths count in thousands.
std::optional<std::uint64_t> per_second(std::string_view text) {
    constexpr std::string_view suffixes = "KMGT";
    if (text == "infinity")
        return unlimited;
    const std::size_t power = text.empty() ? std::string_view::npos : suffixes.find(text.back());
    std::uint64_t factor = 1;
    for (std::size_t i = 0; power != std::string_view::npos && i <= power; ++i)
        factor *= 1000;
    const auto number = whole_number<std::uint64_t>(power == std::string_view::npos ? text : text.substr(0, text.size() - 1));
    std::uint64_t all = 0;
    return number && !__builtin_mul_overflow(*number, factor, &all) ? std::optional(all) : std::nullopt;
}

/// In parts of 2^32 - 1, as the bus has a share of all there is.
std::optional<std::uint32_t> share(std::string_view text) {
    constexpr std::uint64_t whole = 10000;
    const auto part = percentage(text, whole);
    return part ? std::optional(static_cast<std::uint32_t>((*part * UINT32_MAX + whole / 2) / whole)) : std::nullopt;
}

/// Which has a property of its own.
Value share_of_all(const std::string& name, std::string_view text) {
    const auto part = share(text);
    return part ? Value({name + "Scale", *part}) : std::nullopt;
}

Value amount_of_memory(const std::string& name, std::string_view text, std::uint64_t unset) {
    if (text.empty() || text == "infinity")
        return Value({name, text.empty() ? unset : unlimited});
    if (const auto bytes = parse_size(text))
        return Value({name, *bytes});
    return share_of_all(name, text);
}

/// systemctl says …Sec, the bus …USec.
std::string in_microseconds(const std::string& name) {
    return name.substr(0, name.size() - 3) + "USec";
}

/// As a list may be: unset by nothing at all.
template <class Accepts>
Value list(const std::string& name, std::string_view text, const Accepts& accepts) {
    std::vector<std::string> words = words_of(text);
    return std::ranges::all_of(words, accepts) ? Value({name, std::move(words)}) : std::nullopt;
}

bool is_uri(std::string_view text) {
    const bool is_plain = std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
    constexpr std::array<std::string_view, 5> kinds{"http://", "https://", "file:/", "info:", "man:"};
    return is_plain &&
           std::ranges::any_of(kinds, [&](std::string_view kind) { return text.starts_with(kind) && text.size() > kind.size(); });
}

bool is_path(std::string_view text) {
    return text.starts_with('/');
}

/// What a device cgroup knows: nodes of /dev, and drivers by the names of /proc/devices.
bool is_device(std::string_view text) {
    constexpr std::array<std::string_view, 4> places{"/dev/", "/run/systemd/inaccessible/", "char-", "block-"};
    return std::ranges::any_of(places, [&](std::string_view place) { return text.starts_with(place) && text.size() > place.size(); });
}

/// "PATH VALUE"
template <class Parse>
Value of_device(const std::string& name, std::string_view text, const Parse& parse) {
    const std::vector<std::string> words = words_of(text);
    if (words.empty())
        return Value({name, UnitProperty::Limits{}});
    const std::optional<std::uint64_t> number = words.size() == 2 ? parse(words[1]) : std::nullopt;
    return number && is_path(words[0]) ? Value({name, UnitProperty::Limits{{words[0], *number}}}) : std::nullopt;
}

std::optional<std::uint64_t> number_of_weight(std::string_view text) {
    constexpr std::uint64_t most = 10000;
    const auto number = whole_number<std::uint64_t>(text);
    return number && *number >= 1 && *number <= most ? number : std::nullopt;
}

}  // namespace

std::vector<std::string> words_of(std::string_view text, std::string_view separators) {
    std::vector<std::string> words;
    for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos; at = text.find_first_not_of(separators, at)) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

std::optional<std::uint32_t> small_number(std::string_view text) {
    return whole_number<std::uint32_t>(text);
}

Value flag(const std::string& name, std::string_view text) {
    const auto value = parse_boolean(text);
    return value ? Value({name, *value}) : std::nullopt;
}

Value plain(const std::string& name, std::string_view text) {
    return Value({name, std::string(text)});
}

Value weight(const std::string& name, std::string_view text) {
    if (text == "idle" && name.ends_with("CPUWeight"))
        return Value({name, std::uint64_t{0}});
    const auto number = text.empty() ? unlimited : number_of_weight(text);  // which systemd takes for "unset"
    return number ? Value({name, *number}) : std::nullopt;
}

Value memory(const std::string& name, std::string_view text) {
    return amount_of_memory(name, text, unlimited);
}

Value protected_memory(const std::string& name, std::string_view text) {
    return amount_of_memory(name, text, 0);
}

Value tasks(const std::string& name, std::string_view text) {
    if (text.empty() || text == "infinity")
        return Value({name, unlimited});
    if (const auto number = whole_number<std::uint64_t>(text); number && *number > 0)
        return Value({name, *number});
    return share_of_all(name, text);
}

Value quota(const std::string& /*name*/, std::string_view text) {
    constexpr const char* name = "CPUQuotaPerSecUSec";
    constexpr std::uint64_t most = UINT32_MAX;
    constexpr std::uint64_t microseconds_per_part = 100;  // of a second, for each hundredth of a percent
    if (text.empty())
        return Value({name, unlimited});
    const auto part = percentage(text, most);
    return part && *part > 0 ? Value({name, *part * microseconds_per_part}) : std::nullopt;
}

Value pressure(const std::string& name, std::string_view text) {
    const auto part = share(text);
    return part ? Value({name, *part}) : std::nullopt;
}

Value span(const std::string& name, std::string_view text) {
    const auto microseconds = parse_span(text);
    return microseconds ? Value({in_microseconds(name), *microseconds}) : std::nullopt;
}

Value span_or_default(const std::string& name, std::string_view text) {
    return span(name, text.empty() ? "infinity" : text);  // which systemd takes for "unset"
}

Value duration_of_pressure(const std::string& name, std::string_view text) {
    constexpr std::uint64_t least = 1'000'000;
    const Value value = span_or_default(name, text);
    return value && std::get<std::uint64_t>(value->value) >= least ? value : std::nullopt;
}

Value exit_status(const std::string& name, std::string_view text) {
    const auto status = whole_number<std::uint8_t>(text);
    return status ? Value({name, std::int32_t{*status}}) : std::nullopt;
}

Value signal(const std::string& name, std::string_view text) {
    const std::string_view bare = text.starts_with("SIG") ? text.substr(3) : text;
    for (int number = 1; number < SIGRTMIN; ++number)
        if (const char* known = sigabbrev_np(number); known != nullptr && bare == known)
            return Value({name, std::int32_t{number}});
    const auto number = whole_number<std::int32_t>(text);
    return number && *number >= 1 && *number <= SIGRTMAX ? Value({name, *number}) : std::nullopt;
}

Value numbers(const std::string& name, std::string_view text) {
    constexpr std::uint32_t most = 8191;
    UnitProperty::Mask mask;
    for (const std::string& word : words_of(text, " \t,")) {
        const std::size_t dash = std::min(word.find('-'), word.size());
        const auto first = whole_number<std::uint32_t>(word.substr(0, dash));
        const auto last = dash == word.size() ? first : whole_number<std::uint32_t>(word.substr(dash + 1));
        if (!first || !last || *last < *first || *last > most)
            return std::nullopt;
        mask.resize(std::max<std::size_t>(mask.size(), *last / 8 + 1));
        for (std::uint32_t number = *first; number <= *last; ++number)
            mask[number / 8] = static_cast<std::uint8_t>(mask[number / 8] | (1U << (number % 8)));
    }
    return Value({name, std::move(mask)});
}

Value names(const std::string& name, std::string_view text) {
    return Value({name, words_of(text)});
}

Value units(const std::string& name, std::string_view text) {
    return list(name, text, is_full_unit_name);
}

Value uris(const std::string& name, std::string_view text) {
    return list(name, text, is_uri);
}

Value paths(const std::string& name, std::string_view text) {
    return list(name, text, is_path);
}

Value path(const std::string& name, std::string_view text) {
    return is_path(text) ? plain(name, text) : std::nullopt;
}

Value limit(const std::string& name, std::string_view text) {
    return of_device(name, text, per_second);
}

Value device_weight(const std::string& name, std::string_view text) {
    return of_device(name, text, number_of_weight);
}

Value latency(const std::string& name, std::string_view text) {
    return of_device(in_microseconds(name), text, parse_span);
}

Value rights(const std::string& name, std::string_view text) {
    const std::vector<std::string> words = words_of(text);
    if (words.empty())
        return Value({name, UnitProperty::Rights{}});
    const std::string allowed = words.size() == 2 ? words[1] : "rwm";
    if (words.size() > 2 || !is_device(words[0]) || allowed.find_first_not_of("rwm") != std::string::npos)
        return std::nullopt;
    return Value({name, UnitProperty::Rights{{words[0], allowed}}});
}

}  // namespace vmspawn::unit_value
