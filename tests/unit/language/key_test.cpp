#include "language/key.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(Key, ReadsBareAndQuotedParts) {
    EXPECT_EQ(parse_key("cpus"), (KeyPath{"cpus"}));
    EXPECT_EQ(parse_key("mount.src.read-only"), (KeyPath{"mount", "src", "read-only"}));
    EXPECT_EQ(parse_key(" mount . src "), (KeyPath{"mount", "src"}));
    EXPECT_EQ(parse_key("credentials.\"ssh.authorized_keys.root\""), (KeyPath{"credentials", "ssh.authorized_keys.root"}));
    EXPECT_EQ(parse_key("mount.'C:\\x'"), (KeyPath{"mount", "C:\\x"}));
    EXPECT_EQ(parse_key("mount.\"a\\tb\\u00e4\\U0001F600\\\"\""), (KeyPath{"mount", "a\tbä😀\""}));
    EXPECT_EQ(parse_key("mount.\"\""), (KeyPath{"mount", ""}));
    EXPECT_EQ(parse_key("0-_z"), (KeyPath{"0-_z"}));
}

TEST(Key, RefusesWhatTomlRefuses) {
    for (const char* text :
         {"",        " ",         ".",           "a.",          ".a",       "a..b",   "a b",      "é",   "\"a", "'a",   "a\"b\"",  "\"a\"b",
          "\"\\q\"", "\"\\u12\"", "\"\\uD800\"", "\"\\u0000\"", "\"a\nb\"", "'\x7f'", "\"\xff\"", "a=b", "a+",  "\"\\", "mount[0]"})
        EXPECT_EQ(parse_key(text), std::nullopt) << text;
}

TEST(Key, RefusesTooManyParts) {
    std::string key = "a";
    for (int i = 1; i < 32; ++i)
        key += ".a";
    EXPECT_TRUE(parse_key(key));
    EXPECT_FALSE(parse_key(key + ".a"));
}

TEST(Key, PrintsTomlThatReadsBack) {
    EXPECT_EQ(to_string({"mount", "src", "read-only"}), "mount.src.read-only");
    EXPECT_EQ(to_string({"credentials", "a.b"}), "credentials.\"a.b\"");
    EXPECT_EQ(to_string(KeyPath{}), "");
    for (const KeyPath& key : {KeyPath{"a"}, KeyPath{"a", "b c", "d\"e\\f"}, KeyPath{"mount", "ä\t"}, KeyPath{"", "x"}, KeyPath{"x", "."}})
        EXPECT_EQ(parse_key(to_string(key)), key) << to_string(key);
}

}  // namespace
}  // namespace vmspawn
