// Time spans, as systemd.time(7) has them.
#include "base/text.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace vmspawn {

namespace {

constexpr std::uint64_t second = 1'000'000;
constexpr std::uint64_t minute = 60 * second;
constexpr std::uint64_t hour = 60 * minute;
constexpr std::uint64_t day = 24 * hour;
constexpr std::uint64_t week = 7 * day;
constexpr std::uint64_t month = 2'629'800 * second;  // 30.44 days
constexpr std::uint64_t year = 31'557'600 * second;  // 365.25 days

struct Unit {
    std::string_view name;
    std::uint64_t microseconds;
};

constexpr Unit time_units[] = {
    {"seconds", second}, {"second", second}, {"sec", second},   {"s", second},    {"minutes", minute}, {"minute", minute},
    {"min", minute},     {"m", minute},      {"months", month}, {"month", month}, {"M", month},        {"msec", 1000},
    {"ms", 1000},        {"hours", hour},    {"hour", hour},    {"hr", hour},     {"h", hour},         {"days", day},
    {"day", day},        {"d", day},         {"weeks", week},   {"week", week},   {"w", week},         {"years", year},
    {"year", year},      {"y", year},        {"usec", 1},       {"us", 1},        {"\u00b5s", 1},      {"\u03bcs", 1},
};

constexpr std::string_view blanks = " \t\n\r";

/// Reads terms from left to right.
class SpanReader {
public:
    explicit SpanReader(std::string_view text) : rest_(text) {}

    std::optional<std::uint64_t> sum() {
        skip_blanks();
        if (rest_.substr(0, 8) == "infinity") {
            rest_.remove_prefix(8);
            skip_blanks();
            return rest_.empty() ? std::optional(UINT64_MAX) : std::nullopt;
        }
        std::uint64_t total = 0;
        do {
            const auto term = next();
            if (!term || __builtin_add_overflow(total, *term, &total) || total == UINT64_MAX)
                return std::nullopt;
            skip_blanks();
        } while (!rest_.empty());
        return total;
    }

private:
    std::optional<std::uint64_t> next() {
        std::uint64_t whole = 0;
        const std::string_view whole_digits = digits();
        const bool has_point = !rest_.empty() && rest_.front() == '.';
        if (has_point)
            rest_.remove_prefix(1);
        const std::string_view decimals = has_point ? digits() : std::string_view();
        if (whole_digits.empty() && decimals.empty())
            return std::nullopt;
        const auto [end, failure] = std::from_chars(whole_digits.data(), whole_digits.data() + whole_digits.size(), whole);
        if (!whole_digits.empty() && failure != std::errc{})
            return std::nullopt;
        const auto unit = next_unit();
        std::uint64_t microseconds = 0;
        if (!unit || __builtin_mul_overflow(whole, *unit, &microseconds))
            return std::nullopt;
        return add_decimals(microseconds, decimals, *unit);
    }

    static std::optional<std::uint64_t> add_decimals(std::uint64_t microseconds, std::string_view decimals, std::uint64_t unit) {
        for (const char digit : decimals) {
            unit /= 10;
            if (__builtin_add_overflow(microseconds, static_cast<std::uint64_t>(digit - '0') * unit, &microseconds))
                return std::nullopt;
        }
        return microseconds;
    }

    /// Seconds where no unit stands; then a blank or the end must follow, so that 1.2.3 is refused.
    std::optional<std::uint64_t> next_unit() {
        const std::string_view before = rest_;
        skip_blanks();
        const Unit* best = nullptr;
        for (const Unit& unit : time_units)
            if (rest_.substr(0, unit.name.size()) == unit.name && (!best || unit.name.size() > best->name.size()))
                best = &unit;
        if (best) {
            rest_.remove_prefix(best->name.size());
            return best->microseconds;
        }
        return rest_.empty() || rest_.size() < before.size() ? std::optional(second) : std::nullopt;
    }

    std::string_view digits() {
        std::size_t length = 0;
        while (length < rest_.size() && is_digit(rest_[length]))
            ++length;
        const std::string_view result = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return result;
    }

    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size())); }

    std::string_view rest_;
};

}  // namespace

std::optional<std::uint64_t> parse_span(std::string_view text) {
    return SpanReader(text).sum();
}

std::string print_span(std::uint64_t microseconds) {
    constexpr std::array<Unit, 9> printed = {
        {{"y", year}, {"month", month}, {"w", week}, {"d", day}, {"h", hour}, {"min", minute}, {"s", second}, {"ms", 1000}, {"us", 1}}};
    if (microseconds == UINT64_MAX)
        return "infinity";
    std::string text;
    for (const Unit& unit : printed) {
        if (microseconds < unit.microseconds)
            continue;
        text += fmt::format("{}{}{}", text.empty() ? "" : " ", microseconds / unit.microseconds, unit.name);
        microseconds %= unit.microseconds;
    }
    return text.empty() ? "0" : text;
}

}  // namespace vmspawn
