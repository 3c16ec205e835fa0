#include "base/plain_text.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

std::string plain(std::string_view bytes) {
    return PlainText().pass(bytes);
}

TEST(PlainText, KeepsTextLinesAndTabs) {
    EXPECT_EQ(plain("a\tb\r\nc \xC3\xA4\n"), "a\tb\nc \xC3\xA4\n");
    EXPECT_EQ(plain("\a\bx\x7F"), "x");
}

TEST(PlainText, DropsSequences) {
    EXPECT_EQ(plain("[\033[0;1;32m  OK  \033[0m] Started"), "[  OK  ] Started");
    EXPECT_EQ(plain("\033]0;title\a1\033]8;;http://x\033\\2\033P+q\033\\3"), "123");
    EXPECT_EQ(plain("\033(B4\033c5\033[?25h6"), "456");
    EXPECT_EQ(plain("\033]0;title\033[1m7"), "7") << "another sequence ends the string";
}

TEST(PlainText, ALineEndsWhatWasNeverEnded) {
    EXPECT_EQ(plain("\033]lost\nseen"), "\nseen");
    EXPECT_EQ(plain("\033[1\nseen"), "\nseen");
}

TEST(PlainText, SequencesComeInPieces) {
    PlainText text;
    EXPECT_EQ(text.pass("a\033"), "a");
    EXPECT_EQ(text.pass("[3"), "");
    EXPECT_EQ(text.pass("1mb"), "b");
}

}  // namespace
}  // namespace vmspawn
