// Bytes with suffixes, base 1024.
#include "base/text.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vmspawn {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::string_view suffixes = "BKMGTPE";
constexpr std::size_t most_decimals = 18;

/// One term such as 1.5G.
struct Term {
    std::uint64_t whole = 0;
    std::uint64_t decimals = 0;      ///< 1.25: 25
    std::uint64_t decimal_base = 1;  ///< 1.25: 100
    int shift = 0;                   ///< of the suffix: 10 for K
};

/// Reads terms from left to right.
class SizeReader {
public:
    explicit SizeReader(std::string_view text) : rest_(text) {}

    std::optional<std::uint64_t> sum() {
        std::uint64_t total = 0;
        int last_shift = 70;  // more than any suffix
        do {
            const auto term = next();
            if (!term || term->shift >= last_shift)
                return std::nullopt;
            last_shift = term->shift;
            const auto bytes = bytes_of(*term);
            if (!bytes || __builtin_add_overflow(total, *bytes, &total))
                return std::nullopt;
        } while (!rest_.empty());
        return total;
    }

private:
    static std::optional<std::uint64_t> bytes_of(const Term& term) {
        const Wide whole = Wide{term.whole} << term.shift;
        const Wide part = (Wide{term.decimals} << term.shift) / term.decimal_base;
        const Wide bytes = whole + part;
        if (bytes > UINT64_MAX)
            return std::nullopt;
        return static_cast<std::uint64_t>(bytes);
    }

    std::optional<Term> next() {
        Term term;
        skip_blanks();
        if (!number(term.whole))
            return std::nullopt;
        if (!rest_.empty() && rest_.front() == '.' && !decimals(term))
            return std::nullopt;
        const std::string_view before = rest_;
        skip_blanks();
        const auto suffix = rest_.empty() ? std::string_view::npos : suffixes.find(rest_.front());
        if (suffix == std::string_view::npos) {
            rest_ = before;
            // Half a byte is a forgotten suffix.
            return rest_.empty() && term.decimal_base == 1 ? std::optional(term) : std::nullopt;
        }
        rest_.remove_prefix(1);
        term.shift = static_cast<int>(10 * suffix);
        return term.shift == 0 && term.decimal_base != 1 ? std::nullopt : std::optional(term);
    }

    bool number(std::uint64_t& value) {
        if (rest_.empty() || !is_digit(rest_.front()))
            return false;
        const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
        if (failure != std::errc{})
            return false;
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
        return true;
    }

    bool decimals(Term& term) {
        rest_.remove_prefix(1);
        const std::size_t before = rest_.size();
        if (!number(term.decimals))
            return false;
        const std::size_t digits = before - rest_.size();
        if (digits > most_decimals)
            return false;
        for (std::size_t i = 0; i < digits; ++i)
            term.decimal_base *= 10;
        return true;
    }

    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }

    std::string_view rest_;
};

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return SizeReader(text).sum();
}

std::string print_size(std::uint64_t bytes) {
    for (std::size_t suffix = suffixes.size() - 1; suffix > 0; --suffix) {
        const auto unit = std::uint64_t{1} << (10 * suffix);
        if (bytes >= unit && bytes % unit == 0)
            return fmt::format("{}{}", bytes / unit, suffixes[suffix]);
    }
    return fmt::format("{}", bytes);
}

}  // namespace vmspawn
