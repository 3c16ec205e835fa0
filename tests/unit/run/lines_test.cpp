#include "run/lines.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(LineSplitter, YieldsWholeLinesHoweverTheyCome) {
    LineSplitter lines(100);
    for (const char byte : std::string("one\r\ntwo\n\nthr"))
        lines.feed({&byte, 1});
    EXPECT_EQ(lines.take(), "one");
    EXPECT_EQ(lines.take(), "two");
    EXPECT_EQ(lines.take(), "");
    EXPECT_EQ(lines.take(), std::nullopt);
    lines.feed("ee\nrest");
    EXPECT_EQ(lines.take(), "three");
    EXPECT_EQ(lines.take(), std::nullopt);
    EXPECT_EQ(lines.rest(), "rest");
    EXPECT_EQ(lines.rest(), "");
}

TEST(LineSplitter, SaysWhenALineIsTooLong) {
    LineSplitter lines(4);
    lines.feed("a\n1234");
    EXPECT_EQ(lines.take(), "a");
    EXPECT_EQ(lines.take(), std::nullopt);
    EXPECT_FALSE(lines.overlong());
    lines.feed("5");
    EXPECT_TRUE(lines.overlong());
}

TEST(LastWords, KeepsTheLastLines) {
    LastWords words;
    for (int i = 0; i < 100; ++i)
        words.add("line " + std::to_string(i));
    words.add("");
    EXPECT_TRUE(words.text().starts_with("line 80\n"));
    EXPECT_TRUE(words.text().ends_with("line 99"));
}

TEST(LastWords, CutsAndCleansALine) {
    LastWords words;
    words.add("\033[2J" + std::string(2000, 'x'));
    EXPECT_EQ(words.text().find('\033'), std::string::npos);
    EXPECT_LT(words.text().size(), LastWords::longest_line + 20);
    EXPECT_TRUE(words.text().ends_with("…"));
}

}  // namespace
}  // namespace vmspawn
