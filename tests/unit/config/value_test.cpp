// Values by the type of their key: in TOML and as text after a flag.
#include "config/validate.hpp"
#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmspawn {
namespace {

const Setting& setting(const std::string& key) {
    const Setting* found = language().find(*parse_key(key));
    EXPECT_NE(found, nullptr) << key;
    return *found;
}

/// A key that the pattern of a row stands for: "mount.a.source".
std::string example_key(const Setting& row) {
    KeyPath key = row.key;
    std::ranges::replace(key, "*", "a");
    return to_string(key);
}

/// What `text` means for `key`, as TOML; "refused" when it is wrong.
std::string meaning(const std::string& key, const std::string& text) {
    Diagnostics found;
    const auto node = value_from_text(setting(key), *parse_key(key), text, FromArgument{1, text, 0, text.size()}, found);
    EXPECT_EQ(node.has_value(), !found.has_errors());
    return node ? to_toml(*node) : "refused";
}

bool is_good(const std::string& key, const std::string& toml) {
    std::string problem;
    const auto node = parse_value(toml, problem);
    EXPECT_TRUE(node) << toml << ": " << problem;
    Diagnostics found;
    const bool good = validate_value(setting(key), *parse_key(key), *node, found);
    EXPECT_EQ(good, found.empty());
    return good;
}

TEST(ValueFromText, ReadsBooleansInEachSpelling) {
    for (const char* yes : {"1", "yes", "y", "true", "t", "on", "YES", "On"})
        EXPECT_EQ(meaning("image.discard", yes), "true") << yes;
    for (const char* no : {"0", "no", "n", "false", "f", "off", "OFF"})
        EXPECT_EQ(meaning("image.discard", no), "false") << no;
    for (const char* bad : {"2", "auto", "maybe", "yess", " yes"})
        EXPECT_EQ(meaning("image.discard", bad), "refused") << bad;
}

TEST(ValueFromText, ReadsWants) {
    EXPECT_EQ(meaning("kvm", "yes"), "true");
    EXPECT_EQ(meaning("kvm", "0"), "false");
    EXPECT_EQ(meaning("kvm", "auto"), "\"auto\"");
    EXPECT_EQ(meaning("kvm", "maybe"), "refused");
}

TEST(ValueFromText, ReadsByTheTypeOfTheKey) {
    EXPECT_EQ(meaning("name", "123"), "\"123\"");
    EXPECT_EQ(meaning("name", "yes"), "\"yes\"");
    EXPECT_EQ(meaning("cpus", "4"), "4");
    EXPECT_EQ(meaning("cpus", "4.0"), "refused");
    EXPECT_EQ(meaning("cpus", "0x4"), "refused");
    EXPECT_EQ(meaning("cpus", " 4"), "refused");
    EXPECT_EQ(meaning("ram", "2147483648"), "2147483648");
    EXPECT_EQ(meaning("ram", "1G512M"), "\"1G512M\"");
    EXPECT_EQ(meaning("description", "\"quoted\""), "\"\\\"quoted\\\"\"");
    EXPECT_EQ(meaning("description", "# no comment"), "\"# no comment\"");
}

TEST(ValueFromText, ReadsWordsAndPathsOfState) {
    EXPECT_EQ(meaning("tpm.state", "no"), "\"off\"");
    EXPECT_EQ(meaning("tpm.state", "yes"), "\"auto\"");
    EXPECT_EQ(meaning("tpm.state", "./off"), "\"./off\"");
    EXPECT_EQ(meaning("tpm.state", "elsewhere"), "refused");
    EXPECT_EQ(meaning("users.shell", "yes"), "true");
    EXPECT_EQ(meaning("users.shell", "/bin/sh"), "\"/bin/sh\"");
}

TEST(ValueFromText, OneBareWordIsAListOfOne) {
    EXPECT_EQ(meaning("boot.initrd", "a"), "[\"a\"]");
    EXPECT_EQ(meaning("boot.initrd", "[\"a\", 'b']"), "[\"a\", \"b\"]");
    EXPECT_EQ(meaning("boot.initrd", "\"a b\""), "[\"a b\"]");
    EXPECT_EQ(meaning("boot.initrd", "[]"), "[]");
    EXPECT_EQ(meaning("boot.initrd", "[1]"), "refused");
    EXPECT_EQ(meaning("boot.initrd", "[\"a\""), "refused");
    EXPECT_EQ(meaning("boot.initrd", "[\"a\"]\nx = 1"), "refused");
}

TEST(ValueFromText, CredentialsAreTextOrTable) {
    EXPECT_EQ(meaning("credentials.x", "text"), "\"text\"");
    EXPECT_EQ(meaning("credentials.x", "{ file = 'a' }"), "{ file = \"a\" }");
    EXPECT_EQ(meaning("credentials.x", "{ inherited = 'a' }"), "refused");
}

TEST(ValueFromText, RefusesWhatIsNoUtf8) {
    EXPECT_EQ(meaning("image.path", "\xFF"), "refused");
    EXPECT_EQ(meaning("smbios", "\xC3"), "refused");
}

TEST(Value, TrueIsNotOneAndFourPointZeroIsNotFour) {
    EXPECT_TRUE(is_good("cpus", "4"));
    EXPECT_FALSE(is_good("cpus", "4.0"));
    EXPECT_FALSE(is_good("cpus", "true"));
    EXPECT_FALSE(is_good("cpus", "\"4\""));
    EXPECT_FALSE(is_good("image.discard", "1"));
    EXPECT_FALSE(is_good("kvm", "1"));
    EXPECT_TRUE(is_good("kvm", "true"));
    EXPECT_TRUE(is_good("kvm", "\"auto\""));
    EXPECT_FALSE(is_good("kvm", "\"yes\""));
}

TEST(Value, RangesIncludeTheirEnds) {
    EXPECT_TRUE(is_good("vsock.cid", "3"));
    EXPECT_TRUE(is_good("vsock.cid", "4294967294"));
    EXPECT_FALSE(is_good("vsock.cid", "2"));
    EXPECT_FALSE(is_good("vsock.cid", "4294967295"));
    EXPECT_TRUE(is_good("ram", "\"16M\""));
    EXPECT_TRUE(is_good("ram", "16777216"));
    EXPECT_FALSE(is_good("ram", "16777215"));
    EXPECT_FALSE(is_good("ram", "\"15.9M\""));
    EXPECT_FALSE(is_good("ram", "-9223372036854775808"));
    EXPECT_TRUE(is_good("ram", "9223372036854775807"));
}

TEST(Value, LengthCountsCharacters) {
    EXPECT_TRUE(is_good("name", "\"" + std::string(64, 'a') + "\""));
    EXPECT_FALSE(is_good("name", "\"" + std::string(65, 'a') + "\""));
    std::string wide;
    for (int i = 0; i < 4096; ++i)
        wide += "ä";
    EXPECT_TRUE(is_good("description", "\"" + wide + "\""));
    EXPECT_FALSE(is_good("description", "\"" + wide + "ä\""));
}

TEST(Value, EveryDefaultIsGood) {
    for (const Setting& each : language().settings()) {
        EXPECT_TRUE(each.default_json.empty() || is_good(example_key(each), each.default_json)) << example_key(each);
    }
}

TEST(Value, EveryWordOfEveryEnumIsGoodAsTextToo) {
    for (const Setting& each : language().settings())
        for (const std::string& word : each.words)
            EXPECT_NE(meaning(example_key(each), word), "refused") << example_key(each) << " " << word;
}

}  // namespace
}  // namespace vmspawn
