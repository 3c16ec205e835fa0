#include "language/unit_property.hpp"

#include "base/text.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>

namespace vmspawn {

namespace {

using Value = std::optional<UnitProperty>;

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

std::vector<std::string> split(std::string_view text, std::string_view separators) {
    std::vector<std::string> words;
    for (std::size_t at = text.find_first_not_of(separators); at != std::string_view::npos; at = text.find_first_not_of(separators, at)) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = end;
    }
    return words;
}

// --- one function for each kind of value ---

Value flag(const std::string& name, std::string_view text) {
    const auto value = parse_boolean(text);
    return value ? Value({name, *value}) : std::nullopt;
}

Value plain(const std::string& name, std::string_view text) {
    return Value({name, std::string(text)});
}

Value weight(const std::string& name, std::string_view text) {
    constexpr std::uint64_t most = 10000;
    if (text == "idle" && name.ends_with("CPUWeight"))
        return Value({name, std::uint64_t{0}});
    const auto number = whole_number<std::uint64_t>(text);
    return number && *number >= 1 && *number <= most ? Value({name, *number}) : std::nullopt;
}

/// A share of all there is has a property of its own on the bus, in parts of 2^32 - 1.
Value share(const std::string& name, std::string_view text) {
    constexpr std::uint64_t whole = 10000;
    const auto part = percentage(text, whole);
    if (!part)
        return std::nullopt;
    return Value({name + "Scale", static_cast<std::uint32_t>((*part * UINT32_MAX + whole / 2) / whole)});
}

Value memory(const std::string& name, std::string_view text) {
    if (text == "infinity")
        return Value({name, unlimited});
    if (const auto bytes = parse_size(text))
        return Value({name, *bytes});
    return share(name, text);
}

Value tasks(const std::string& name, std::string_view text) {
    if (text == "infinity")
        return Value({name, unlimited});
    if (const auto number = whole_number<std::uint64_t>(text); number && *number > 0)
        return Value({name, *number});
    return share(name, text);
}

Value quota(const std::string& /*name*/, std::string_view text) {
    constexpr std::uint64_t most = UINT32_MAX;
    constexpr std::uint64_t microseconds_per_part = 100;  // of a second, for each hundredth of a percent
    const auto part = percentage(text, most);
    return part && *part > 0 ? Value({"CPUQuotaPerSecUSec", *part * microseconds_per_part}) : std::nullopt;
}

/// systemctl says …Sec, the bus …USec.
Value span(const std::string& name, std::string_view text) {
    const auto microseconds = parse_span(text);
    return microseconds ? Value({name.substr(0, name.size() - 3) + "USec", *microseconds}) : std::nullopt;
}

Value signal(const std::string& name, std::string_view text) {
    const std::string_view bare = text.starts_with("SIG") ? text.substr(3) : text;
    for (int number = 1; number < SIGRTMIN; ++number)
        if (const char* known = sigabbrev_np(number); known != nullptr && bare == known)
            return Value({name, std::int32_t{number}});
    const auto number = whole_number<std::int32_t>(text);
    return number && *number >= 1 && *number <= SIGRTMAX ? Value({name, *number}) : std::nullopt;
}

Value names(const std::string& name, std::string_view text) {
    return Value({name, split(text, " \t")});
}

/// "0-3,8 10"
Value numbers(const std::string& name, std::string_view text) {
    constexpr std::uint32_t most = 8191;
    UnitProperty::Mask mask;
    for (const std::string& word : split(text, " \t,")) {
        const std::size_t dash = std::min(word.find('-'), word.size());
        const auto first = whole_number<std::uint32_t>(word.substr(0, dash));
        const auto last = dash == word.size() ? first : whole_number<std::uint32_t>(word.substr(dash + 1));
        if (!first || !last || *last < *first || *last > most)
            return std::nullopt;
        mask.resize(std::max<std::size_t>(mask.size(), *last / 8 + 1));
        for (std::uint32_t number = *first; number <= *last; ++number)
            mask[number / 8] = static_cast<std::uint8_t>(mask[number / 8] | (1U << (number % 8)));
    }
    return mask.empty() ? std::nullopt : Value({name, std::move(mask)});
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

Value limit(const std::string& name, std::string_view text) {
    const std::vector<std::string> words = split(text, " \t");
    const auto number = words.size() == 2 ? per_second(words[1]) : std::nullopt;
    return number && words[0].starts_with('/') ? Value({name, UnitProperty::Limits{{words[0], *number}}}) : std::nullopt;
}

Value device_weight(const std::string& name, std::string_view text) {
    const std::vector<std::string> words = split(text, " \t");
    const auto number = words.size() == 2 ? weight(name, words[1]) : std::nullopt;
    if (!number || !words[0].starts_with('/'))
        return std::nullopt;
    return Value({name, UnitProperty::Limits{{words[0], std::get<std::uint64_t>(number->value)}}});
}

Value rights(const std::string& name, std::string_view text) {
    const std::vector<std::string> words = split(text, " \t");
    if (words.empty() || words.size() > 2)
        return std::nullopt;
    const bool known = words[0].starts_with('/') || words[0].starts_with("char-") || words[0].starts_with("block-");
    const std::string allowed = words.size() == 2 ? words[1] : "rwm";
    if (!known || allowed.find_first_not_of("rwm") != std::string::npos)
        return std::nullopt;
    return Value({name, UnitProperty::Rights{{words[0], allowed}}});
}

// --- the table ---

struct Kind {
    Value (*parse)(const std::string& name, std::string_view text);
    std::string_view expected;
    std::vector<std::string> words{};  ///< the only values, if not empty
    std::vector<std::string> names;
};

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = {
        {.parse = flag,
         .expected = "a boolean",
         .names = {"CPUAccounting", "MemoryAccounting", "IOAccounting", "TasksAccounting", "IPAccounting", "MemoryZSwapWriteback",
                   "SendSIGHUP", "SendSIGKILL"}},
        {.parse = weight,
         .expected = "1 to 10000, of CPUs also idle",
         .names = {"CPUWeight", "StartupCPUWeight", "IOWeight", "StartupIOWeight"}},
        {.parse = memory,
         .expected = "a size, a percentage or infinity",
         .names = {"MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax", "MemoryZSwapMax", "StartupMemoryLow",
                   "StartupMemoryHigh", "StartupMemoryMax", "StartupMemorySwapMax", "StartupMemoryZSwapMax"}},
        {.parse = tasks, .expected = "a number, a percentage or infinity", .names = {"TasksMax"}},
        {.parse = quota, .expected = "a percentage of one CPU, such as 150%", .names = {"CPUQuota"}},
        {.parse = span,
         .expected = "a time span such as 90s or infinity",
         .names = {"CPUQuotaPeriodSec", "RuntimeMaxSec", "RuntimeRandomizedExtraSec", "TimeoutStopSec", "MemoryPressureThresholdSec"}},
        {.parse = numbers,
         .expected = "numbers and ranges such as 0-3,8",
         .names = {"AllowedCPUs", "StartupAllowedCPUs", "AllowedMemoryNodes", "StartupAllowedMemoryNodes"}},
        {.parse = limit,
         .expected = "a path and a number such as 10M",
         .names = {"IOReadBandwidthMax", "IOWriteBandwidthMax", "IOReadIOPSMax", "IOWriteIOPSMax"}},
        {.parse = device_weight, .expected = "a path and 1 to 10000", .names = {"IODeviceWeight"}},
        {.parse = rights, .expected = "a device such as /dev/kvm or char-pts, and letters of rwm", .names = {"DeviceAllow"}},
        {.parse = plain, .words = {"auto", "closed", "strict"}, .names = {"DevicePolicy"}},
        {.parse = plain, .words = {"auto", "kill"}, .names = {"ManagedOOMSwap", "ManagedOOMMemoryPressure"}},
        {.parse = plain, .words = {"none", "avoid", "omit"}, .names = {"ManagedOOMPreference"}},
        {.parse = plain, .words = {"continue", "stop", "kill"}, .names = {"OOMPolicy"}},
        {.parse = plain, .words = {"control-group", "mixed", "process", "none"}, .names = {"KillMode"}},
        {.parse = plain, .words = {"inactive", "inactive-or-failed"}, .names = {"CollectMode"}},
        {.parse = plain, .words = {"auto", "on", "off", "skip"}, .names = {"MemoryPressureWatch"}},
        {.parse = plain, .expected = "a text", .names = {"Description"}},
        {.parse = signal, .expected = "a signal such as SIGTERM", .names = {"KillSignal", "FinalKillSignal"}},
        {.parse = names,
         .expected = "names with blanks between them",
         .names = {"Documentation", "Requires", "Requisite", "Wants", "BindsTo", "PartOf", "Upholds", "Conflicts", "Before", "After"}},
    };
    return all;
}

/// What vmspawn sets by itself.
std::string own_setting(std::string_view name) {
    if (name == "Slice")
        return "unit.slice sets it";
    if (name == "PIDs" || name == "PIDFDs" || name == "Controller" || name == "Delegate")
        return "it is vmspawn's own";
    return {};
}

std::string nearest_property(const std::string& name) {
    std::vector<std::string> all;
    for (const Kind& kind : kinds())
        all.insert(all.end(), kind.names.begin(), kind.names.end());
    const auto near = nearest(name, all);
    return near ? fmt::format("did you mean '{}'?", *near) : "systemd.resource-control(5) lists what a scope can have";
}

}  // namespace

std::optional<UnitProperty> parse_unit_property(std::string_view text, std::string& problem, std::string& hint) {
    const std::size_t equals = std::min(text.find('='), text.size());
    const std::string name(text.substr(0, equals));
    const std::string_view value = text.substr(std::min(equals + 1, text.size()));
    const auto kind = std::ranges::find_if(kinds(), [&](const Kind& one) { return std::ranges::find(one.names, name) != one.names.end(); });
    if (kind == kinds().end()) {
        const std::string owner = own_setting(name);
        problem = owner.empty() ? fmt::format("vmspawn knows no property '{}' of a scope", printable(name))
                                : fmt::format("'{}' cannot be set here", name);
        hint = owner.empty() ? nearest_property(name) : owner;
        return std::nullopt;
    }
    const bool allowed = kind->words.empty() || std::ranges::find(kind->words, value) != kind->words.end();
    std::optional<UnitProperty> property = allowed ? kind->parse(name, value) : std::nullopt;
    if (!property) {
        problem = fmt::format("'{}' is no value for {}", printable(value), name);
        hint = "expected " + (kind->words.empty() ? std::string(kind->expected) : join_words(kind->words));
    }
    return property;
}

}  // namespace vmspawn
