// The colour behind the guest's output, and the question to the terminal that goes before.
#include "run/background.hpp"

#include "run/decoration.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

constexpr const char* colour = "\033[44m";

/// What the terminal gets, in whatever pieces the guest's output came.
std::string tinted(const std::string& bytes) {
    BackgroundFilter whole;
    whole.set("44");
    std::string at_once;
    whole.pass(bytes, at_once);
    for (std::size_t size = 1; size < bytes.size(); ++size) {
        BackgroundFilter filter;
        filter.set("44");
        std::string out;
        for (std::size_t at = 0; at < bytes.size(); at += size)
            filter.pass(std::string_view(bytes).substr(at, size), out);
        EXPECT_EQ(out, at_once) << "in pieces of " << size;
    }
    const std::string start = std::string(colour) + "\033[J";
    if (!at_once.starts_with(start)) {
        ADD_FAILURE() << at_once;
        return at_once;
    }
    return at_once.substr(start.size());
}

TEST(Background, ComesAgainAfterEachReset) {
    EXPECT_EQ(tinted("plain\r\ntext"), "plain\r\ntext");
    for (const char* reset : {"\033[m", "\033[0m", "\033[1;0m", "\033[0;1;31m", "\033[49m", "\033[;m", "\033[41;49m", "\033c", "\033[!p",
                              "\033[38;5;0;49m", "\033[38:2::1:2:3;0m"})
        EXPECT_EQ(tinted(std::string("a") + reset + "b"), std::string("a") + reset + colour + "b");
}

TEST(Background, LeavesColoursOfTheGuest) {
    for (const char* other :
         {"\033[1m",           "\033[41m",     "\033[0;41m",   "\033[104m",  "\033[48;5;0m",  "\033[48;2;0;0;0m", "\033[38;5;0m",
          "\033[38;2;0;49;0m", "\033[48:5:0m", "\033[58;5;0m", "\033[4:0m",  "\033[>0m",      "\033[?0m",         "\033[0 m",
          "\033[0K",           "\033[2J",      "\033(B",       "\0337\0338", "\033P0m\033\\", "\033[0\x18m",      "\xc3\xbc"})
        EXPECT_EQ(tinted(std::string("a") + other + "b"), std::string("a") + other + "b");
}

TEST(Background, TextsOfSequencesEnd) {
    EXPECT_EQ(tinted("\033]0;[0m\a\033[0mx"), std::string("\033]0;[0m\a\033[0m") + colour + "x");
    EXPECT_EQ(tinted("\033]0;t\033\\\033[0mx"), std::string("\033]0;t\033\\\033[0m") + colour + "x");
    EXPECT_EQ(tinted("\033_t\033[0mx"), std::string("\033_t\033[0m") + colour + "x") << "an escape ends it all the same";
    EXPECT_EQ(tinted("\033\033[0mx"), std::string("\033\033[0m") + colour + "x");
}

TEST(Background, MayComeLater) {
    BackgroundFilter filter;
    std::string out;
    filter.pass("before \xc3", out);
    filter.set("44");
    filter.pass("\xbc after", out);
    EXPECT_EQ(out, std::string("before \xc3\xbc") + colour + " after") << "not into a character, and what is there stays";
    out.clear();
    BackgroundFilter busy;
    busy.pass("\033[41mred\033[", out);
    busy.set("44");
    busy.pass("1mred\033[0m", out);
    EXPECT_EQ(out, std::string("\033[41mred\033[1mred\033[0m") + colour);
}

TEST(Background, WithoutOneNothingChanges) {
    BackgroundFilter filter;
    std::string out;
    filter.pass("a\033[0mb\033c", out);
    EXPECT_EQ(out, "a\033[0mb\033c");
}

TEST(Tint, IsGreenAndAsLightAsItsOwn) {
    EXPECT_EQ(green_tint({0, 0, 0}), "48;2;10;41;15");
    EXPECT_EQ(green_tint({255, 255, 255}), "48;2;191;255;202");
    EXPECT_EQ(green_tint({0x2e, 0x34, 0x40}), "48;2;16;64;24");
}

std::string answer(const std::string& value) {
    return "\033]11;" + value + "\033\\";
}

TEST(Answer, IsTakenOutOfWhatIsTyped) {
    for (const std::string& text :
         {answer("rgb:1e1e/2020/ffff"), std::string("\033]11;rgb:1e/20/ff\a"), answer("rgba:1e1e/2020/ffff/8080")}) {
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            BackgroundAnswer waiting;
            std::string first = "a" + text.substr(0, cut);
            std::string second = text.substr(cut) + "b\033[A";
            std::optional<Colour8> found = waiting.typed(first);
            if (const auto later = waiting.typed(second))
                found = later;
            EXPECT_EQ(first + second, "ab\033[A") << cut;
            EXPECT_EQ(found, (Colour8{0x1e, 0x20, 0xff})) << cut;
        }
    }
}

TEST(Answer, LosesNothingElse) {
    for (const std::string& text : {std::string("\033"), std::string("\033[A"), std::string("\033]"),
                                    std::string("\033]10;rgb:0/0/0\033\\"), "\033]11;" + std::string(100, 'x') + "\033\\",
                                    std::string("\033]11;rgb:0\033x"), std::string("\033\033\033]1"), std::string("\033]11;\n\a")}) {
        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            BackgroundAnswer waiting;
            std::string first = text.substr(0, cut);
            std::string second = text.substr(cut);
            EXPECT_FALSE(waiting.typed(first));
            EXPECT_FALSE(waiting.typed(second));
            EXPECT_EQ(first + second + waiting.stop_waiting(), text);
        }
    }
}

TEST(Answer, IsTakenOnceAndEvenLate) {
    BackgroundAnswer late;
    std::string bytes = "\033";
    (void)late.typed(bytes);
    EXPECT_EQ(bytes, "");
    EXPECT_EQ(late.stop_waiting(), "\033");
    bytes = "\033]11";
    EXPECT_FALSE(late.typed(bytes));
    EXPECT_EQ(bytes, "\033]11") << "nothing is held back any more";
    bytes = "x" + answer("rgb:ff/ff/ff");
    EXPECT_TRUE(late.typed(bytes));
    EXPECT_EQ(bytes, "x");
    bytes = answer("rgb:00/00/00");
    EXPECT_FALSE(late.typed(bytes)) << "the guest's own question";
    EXPECT_EQ(bytes, answer("rgb:00/00/00"));
}

TEST(Answer, OfNoUseIsStillTaken) {
    BackgroundAnswer waiting;
    std::string bytes = answer("rgb:zz/0/0");
    EXPECT_FALSE(waiting.typed(bytes));
    EXPECT_EQ(bytes, "");
}

TEST(Decorations, PutBackWhatTheyChange) {
    const Decoration all = decorate({.machine = {}, .title = true, .background = "44"}, "m", "0123");
    EXPECT_EQ(all.opening, "\033]3008;start=0123;type=vm;vm=m\033\\\033[22;0t\033]0;\xF0\x9F\x9F\xA2 Virtual Machine m\033\\");
    EXPECT_EQ(all.closing, std::string(usual_modes) + "\033[0m\033[J\033[23;0t\033]3008;end=0123\033\\");
    EXPECT_EQ(all.background, "44");
    EXPECT_FALSE(all.asks);
    const Decoration few = decorate({.machine = {}, .title = false}, "m", "0123");
    EXPECT_EQ(few.opening, "\033]3008;start=0123;type=vm;vm=m\033\\");
    EXPECT_EQ(few.closing, std::string(usual_modes) + "\033]3008;end=0123\033\\");
    EXPECT_LE(decorate({.machine = {}, .tint = true}, std::string(64, 'm'), draw_context()).closing.size(), 256U);
    EXPECT_EQ(draw_context().size(), 32U);
    EXPECT_NE(draw_context(), draw_context());
}

}  // namespace
}  // namespace vmspawn
