#include "base/text.hpp"
#include "language/formats.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vmspawn {
namespace {

struct Sample {
    std::string_view format;
    std::vector<std::string_view> good, bad;
};

const Sample samples[] = {
    {"base64", {"", "AA==", "aGVs bG8="}, {"A", "AA", "AA=", "!!!!"}},
    {"cid", {"3"}, {"2"}},
    {"credential-id", {"a.b"}, {"a/b"}},
    {"entry-name", {"lan", "a b", "a.b", "é"}, {"", "a/b", "a\nb", "\x7f", "\xff"}},
    {"firmware", {"auto", "uefi", "bios", "none", "/x.json", "./x", "../x", "~/x"}, {"", "x.json", "list", "UEFI", "~x"}},
    {"firmware-feature", {"secure-boot", "~enrolled-keys", "acpi-s3"}, {"", "~", "a,b", "~~a", "a b"}},
    {"forward", {"1:2"}, {"1"}},
    {"guest-path", {"/", "/work"}, {"", "work", "./work", "~/work", "/\xff"}},
    {"id-shift", {"0:65536"}, {"x"}},
    {"id128", {"11111111111111111111111111111111"}, {"1"}},
    {"key-type", {"ed25519", "ecdsa-sk", "rsa"}, {"", "-t", "a/b", "a b", "a\"", ".."}},
    {"mac", {"52:54:00:00:00:01"}, {"52"}},
    {"machine-name", {"a"}, {"_"}},
    {"path", {"a", "/", "~/x", "\xff"}, {""}},
    {"sgr", {"", "44", "48;2;0;10;0"}, {"foo", "4 4", "4m"}},
    {"shell", {"/bin/sh", "./sh", "~/sh"}, {"", "sh", "yes"}},
    {"size", {"1G"}, {"1g"}},
    {"slice",
     {"machine.slice", "a-b", "machine", "-.slice", "a.b:c_d\\x2de.slice"},
     {"", "a/b", "a\tb", "a b", "é", ".slice", "tests-.slice", "-tests", "a--b.slice", "a@b.slice"}},
    {"smbios", {"a", "é"}, {"", "\xff"}},
    {"span", {"1s"}, {"s"}},
    {"state", {"auto", "off", "/x", "./x", "../x", "~/x"}, {"", "x", "x/y", "AUTO", "yes", "no"}},
    {"text", {"", "é", "a\nb"}, {"\xff"}},
    {"unit-property", {"MemoryMax=4G", "Description="}, {"", "=", "=x", "MemoryMax", "Memory Max=1", "1a=2"}},
    {"user-name", {"lennart", "_x", "a-b0"}, {"", "roo/t", "0a", "-a", "a.b", "é"}},
    {"want", {"auto", "yes", "0"}, {"", "maybe"}},
};

TEST(Formats, EachIsSampledOnceAndInOrder) {
    std::vector<std::string_view> sampled;
    for (const Sample& sample : samples)
        sampled.push_back(sample.format);
    const auto names = format_names();
    EXPECT_TRUE(std::equal(sampled.begin(), sampled.end(), names.begin(), names.end()));
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(Formats, TakeTheGoodAndRefuseTheBad) {
    for (const Sample& sample : samples) {
        for (const std::string_view text : sample.good)
            EXPECT_TRUE(has_format(sample.format, text)) << sample.format << ": " << text;
        for (const std::string_view text : sample.bad)
            EXPECT_FALSE(has_format(sample.format, text)) << sample.format << ": " << text;
    }
}

TEST(Formats, NoneTakesNul) {
    for (const std::string_view format : format_names())
        for (const std::string_view text : {std::string_view("/a\0b", 4), std::string_view("1\0", 2), std::string_view("\0", 1)})
            EXPECT_FALSE(has_format(format, text)) << format;
}

TEST(Formats, NoneFallsOverOddText) {
    const std::string odd[] = {std::string(100'000, 'a'),
                               std::string(100'000, '['),
                               std::string(100'000, ':'),
                               std::string(100'000, '9'),
                               std::string(1, '\xc3'),
                               "~",
                               ".",
                               "=",
                               ";",
                               "[::",
                               "\\"};
    for (const std::string_view format : format_names())
        for (const std::string& text : odd)
            has_format(format, text);
    SUCCEED();
}

TEST(FormatsDeathTest, AnUnknownNameEndsTheProgram) {
    EXPECT_DEATH(has_format("no-such-format", ""), "no-such-format");
}

TEST(Boolean, ReadsTheTwelveWordsInAnyCase) {
    for (const char* text : {"1", "yes", "y", "true", "t", "on", "YES", "True", "oN"})
        EXPECT_EQ(parse_boolean(text), true) << text;
    for (const char* text : {"0", "no", "n", "false", "f", "off", "NO", "Off"})
        EXPECT_EQ(parse_boolean(text), false) << text;
    for (const char* text : {"", "2", "maybe", "auto", " yes", "yes ", "ja", "tru", "enable"})
        EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
}

TEST(ExplicitPath, NeedsItsStart) {
    for (const char* text : {"/", "/a", "./", "./a", "../a", "~/", "~/a"})
        EXPECT_TRUE(is_explicit_path(text)) << text;
    for (const char* text : {"", "a", "a/b", ".", "..", "~", "~a/b", ".a", "..a"})
        EXPECT_FALSE(is_explicit_path(text)) << text;
}

TEST(Unescape, KnowsEveryEscape) {
    EXPECT_EQ(unescape("plain"), "plain");
    EXPECT_EQ(unescape("a\\nb\\t\\\\\\\"\\'\\s"), "a\nb\t\\\"' ");
    EXPECT_EQ(unescape("\\x41\\101\\u00e4\\U0001F600"), "AAä😀");
    EXPECT_EQ(unescape("\\a\\b\\f\\r\\v"), "\a\b\f\r\v");
    EXPECT_EQ(unescape("a\\x00b\\000c"), std::string("a\0b\0c", 5));
    EXPECT_EQ(unescape("\\377"), "\xff");
}

TEST(Unescape, RefusesBadEscapes) {
    for (const char* text : {"\\", "\\q", "\\x", "\\x4", "\\xzz", "\\1", "\\12", "\\128", "\\400", "\\8", "\\u12", "\\uD800", "\\U00110000",
                             "\\U1234567", "\\x-1", "a\\"})
        EXPECT_EQ(unescape(text), std::nullopt) << text;
}

}  // namespace
}  // namespace vmspawn
