#include "base/text.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(Nearest, FindsASlipOfTheHand) {
    const std::vector<std::string> names{"source", "target", "read-only", "cpus", "kvm"};
    EXPECT_EQ(nearest("sorce", names), "source");
    EXPECT_EQ(nearest("traget", names), "target");
    EXPECT_EQ(nearest("readonly", names), "read-only");
    EXPECT_EQ(nearest("cpu", names), "cpus");
    EXPECT_EQ(nearest("KVM", names), "kvm");
}

TEST(Nearest, OffersNothingFarAway) {
    const std::vector<std::string> names{"source", "target"};
    EXPECT_EQ(nearest("colour", names), std::nullopt);
    EXPECT_EQ(nearest("", names), std::nullopt);
    EXPECT_EQ(nearest(std::string(100000, 'a'), names), std::nullopt);
}

TEST(Text, IsShortenedByWholeCharacters) {
    EXPECT_EQ(shortened("abc", 3), "abc");
    EXPECT_EQ(shortened("abcd", 3), "ab…");
    EXPECT_EQ(shortened("\u00e4\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4…");
    EXPECT_EQ(shortened("\u6f22\u5b57\u6f22", 4), "\u6f22…") << "wide ones take two columns";
    EXPECT_EQ(shortened("abc", 1), "…");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("\u00e4"), 1U);
    EXPECT_EQ(display_width("a\u0308"), 1U);  // combining diaeresis
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("\xff\xfe"), 2U);
}

TEST(Utf8, RefusesOverlongFormsSurrogatesAndCutSequences) {
    EXPECT_TRUE(is_utf8("grün 日本 🙂"));
    EXPECT_FALSE(is_utf8("\xc0\xaf"));
    EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
    EXPECT_FALSE(is_utf8("\xe2\x82"));
}

TEST(Printable, ShowsControlsAndStrayBytes) {
    EXPECT_EQ(printable("a\033[m\xff\u00e4"), "a\\x1b[m\\xff\u00e4");
}

TEST(ShellQuote, SurvivesQuotes) {
    EXPECT_EQ(shell_quote("plain-word=1"), "plain-word=1");
    EXPECT_EQ(shell_quote(""), "''");
    EXPECT_EQ(shell_quote("a b"), "'a b'");
    EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_quote("~/x"), "'~/x'");
}

TEST(TomlQuote, EscapesWhatTomlForbids) {
    EXPECT_EQ(toml_quote("a\"b\\c\n\t\x01"), R"("a\"b\\c\n\t\u0001")");
}

TEST(JoinWords, ReadsLikeASentence) {
    EXPECT_EQ(join_words(std::vector<std::string>{"a", "b", "c"}), "a, b or c");
    EXPECT_EQ(join_words(std::vector<std::string>{"a"}), "a");
    EXPECT_EQ(join_words({}), "");
}

TEST(Base64, RoundTripsEveryLength) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
        bytes += static_cast<char>(i * 7);
    }
    EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64_decode("Zm9v\n YmE= "), "fooba");
}

TEST(Base64, RefusesWhatIsNot) {
    EXPECT_EQ(base64_decode("Zm9"), std::nullopt);
    EXPECT_EQ(base64_decode("Zm9_"), std::nullopt);
    EXPECT_EQ(base64_decode("Z=9v"), std::nullopt);
}

}  // namespace
}  // namespace vmspawn
