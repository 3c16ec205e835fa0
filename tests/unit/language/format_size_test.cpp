#include "language/formats.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

constexpr std::uint64_t kib = 1024, mib = kib * 1024, gib = mib * 1024, tib = gib * 1024, pib = tib * 1024, eib = pib * 1024;
constexpr std::uint64_t second = 1'000'000;

TEST(Size, ReadsBytesAndSuffixes) {
    EXPECT_EQ(parse_size("0"), 0U);
    EXPECT_EQ(parse_size("1000"), 1000U);
    EXPECT_EQ(parse_size("7B"), 7U);
    EXPECT_EQ(parse_size("1K"), kib);
    EXPECT_EQ(parse_size("512M"), 512 * mib);
    EXPECT_EQ(parse_size("2G"), 2 * gib);
    EXPECT_EQ(parse_size("3T"), 3 * tib);
    EXPECT_EQ(parse_size("4P"), 4 * pib);
    EXPECT_EQ(parse_size("15E"), 15 * eib);
    EXPECT_EQ(parse_size("007K"), 7 * kib);
}

TEST(Size, ReadsFractions) {
    EXPECT_EQ(parse_size("1.5G"), 1536 * mib);
    EXPECT_EQ(parse_size("0.25K"), 256U);
    EXPECT_EQ(parse_size("1.0001K"), kib);  // the rest of a byte is dropped
    EXPECT_EQ(parse_size("0.999999999999999999E"), 1152921504606846974U);
}

TEST(Size, AddsTermsFromLargeToSmall) {
    EXPECT_EQ(parse_size("1G512M"), gib + 512 * mib);
    EXPECT_EQ(parse_size("1G 512M"), gib + 512 * mib);
    EXPECT_EQ(parse_size("1 G"), gib);
    EXPECT_EQ(parse_size("1G512"), gib + 512);
    EXPECT_EQ(parse_size("1.5G0.5M"), 1536 * mib + 512 * kib);
}

TEST(Size, RefusesWhatIsMalformed) {
    for (const char* text : {"",
                             " ",
                             "G",
                             "8Q",
                             "2GB",
                             "2 GB",
                             "1g",
                             "1k",
                             "1KiB",
                             "-1",
                             "-1G",
                             "+1",
                             "1.G",
                             ".5G",
                             "1.5",
                             "1.5B",
                             "1,5G",
                             "0x10",
                             "1e3",
                             "512M1G",
                             "1G1G",
                             "1B1",
                             "1 2",
                             "G1",
                             "1G ",
                             "1..5G",
                             "1.2.3G",
                             "abc",
                             "1.1234567890123456789G"})
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
    EXPECT_EQ(parse_size(std::string_view("1\0", 2)), std::nullopt);
}

TEST(Size, RefusesOverflow) {
    EXPECT_EQ(parse_size("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(parse_size("15E1023P1023T1023G1023M1023K1023B"), UINT64_MAX);
    for (const char* text : {"18446744073709551616", "16E", "15.99999E1P1024T", "99999999999999999999", "15E1024P"})
        EXPECT_EQ(parse_size(text), std::nullopt) << text;
}

TEST(Size, PrintsTheShortestExactForm) {
    EXPECT_EQ(print_size(0), "0");
    EXPECT_EQ(print_size(1000), "1000");
    EXPECT_EQ(print_size(1536 * mib), "1536M");
    EXPECT_EQ(print_size(2 * gib), "2G");
    EXPECT_EQ(print_size(eib), "1E");
    for (const std::uint64_t bytes : {std::uint64_t{1}, kib, 4096 * kib + 1, 3 * tib, UINT64_MAX})
        EXPECT_EQ(parse_size(print_size(bytes)), bytes);
}

TEST(Span, ReadsSystemdSpans) {
    EXPECT_EQ(parse_span("90"), 90 * second);
    EXPECT_EQ(parse_span("1min 30s"), 90 * second);
    EXPECT_EQ(parse_span("1min30s"), 90 * second);
    EXPECT_EQ(parse_span(" 5 sec "), 5 * second);
    EXPECT_EQ(parse_span("500ms"), 500'000U);
    EXPECT_EQ(parse_span("2.5s"), 2'500'000U);
    EXPECT_EQ(parse_span(".5s"), 500'000U);
    EXPECT_EQ(parse_span("2 h"), 7200 * second);
    EXPECT_EQ(parse_span("1d1h"), 25 * 3600 * second);
    EXPECT_EQ(parse_span("1w"), 7 * 86400 * second);
    EXPECT_EQ(parse_span("1M"), 2'629'800 * second);
    EXPECT_EQ(parse_span("1m"), 60 * second);
    EXPECT_EQ(parse_span("1y"), 31'557'600 * second);
    EXPECT_EQ(parse_span("7us"), 7U);
    EXPECT_EQ(parse_span("7µs"), 7U);
    EXPECT_EQ(parse_span("7μs"), 7U);
    EXPECT_EQ(parse_span("1 2"), 3 * second);
    EXPECT_EQ(parse_span("infinity"), UINT64_MAX);
    EXPECT_EQ(parse_span("0"), 0U);
}

TEST(Span, RefusesWhatIsMalformed) {
    for (const char* text : {"", " ", "s", "-1", "+1", "1x", "1.2.3", ".", "1 fortnight", "infinity s", "5S", "1minx", "12,5s", "0x5",
                             "18446744073709551616", "600000y", "584543y"})
        EXPECT_EQ(parse_span(text), std::nullopt) << text;
}

TEST(Span, PrintsWhatItReads) {
    EXPECT_EQ(print_span(0), "0");
    EXPECT_EQ(print_span(90 * second), "1min 30s");
    EXPECT_EQ(print_span(UINT64_MAX), "infinity");
    for (const std::uint64_t span : {std::uint64_t{1}, 999'999 * second + 7, 86400 * second, 2'629'800 * second, UINT64_MAX - 1})
        EXPECT_EQ(parse_span(print_span(span)), span) << print_span(span);
}

}  // namespace
}  // namespace vmspawn
