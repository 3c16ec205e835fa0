#include "run/escape_keys.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace vmspawn {
namespace {

using namespace std::chrono_literals;

constexpr const char* key = "\x1d";

/// Whether these bytes end the machine.
bool ends(EscapeKeys& keys, std::string bytes, EscapeKeys::Clock::time_point now) {
    return keys.typed(bytes, now) == HotKey::end;
}

EscapeKeys::Clock::time_point at(std::chrono::milliseconds time) {
    return EscapeKeys::Clock::time_point(time);
}

TEST(EscapeKeys, ThreeWithinASecond) {
    EscapeKeys keys;
    EXPECT_FALSE(ends(keys, key, at(0ms)));
    EXPECT_FALSE(ends(keys, key, at(500ms)));
    EXPECT_TRUE(ends(keys, key, at(1000ms)));
}

TEST(EscapeKeys, InOnePiece) {
    EscapeKeys first;
    EXPECT_TRUE(ends(first, "ls\n\x1d\x1d\x1d", at(0ms)));
    EscapeKeys second;
    EXPECT_TRUE(ends(second, "\x1d\x1d\x1d and more", at(0ms)));
}

TEST(EscapeKeys, SlowOnesDoNotCount) {
    EscapeKeys keys;
    EXPECT_FALSE(ends(keys, key, at(0ms)));
    EXPECT_FALSE(ends(keys, key, at(500ms)));
    EXPECT_FALSE(ends(keys, key, at(1001ms)));
    EXPECT_TRUE(ends(keys, key, at(1400ms))) << "the last three came within a second";
}

TEST(EscapeKeys, AnotherByteBetweenStartsOver) {
    EscapeKeys keys;
    EXPECT_FALSE(ends(keys, "\x1d\x1dx\x1d", at(0ms)));
    EXPECT_FALSE(ends(keys, key, at(1ms)));
    EXPECT_TRUE(ends(keys, key, at(2ms)));
}

TEST(EscapeKeys, CanBeTypedAgain) {
    EscapeKeys keys;
    EXPECT_TRUE(ends(keys, "\x1d\x1d\x1d", at(0ms)));
    EXPECT_TRUE(ends(keys, key, at(100ms)));
    EXPECT_FALSE(ends(keys, key, at(3000ms)));
}

TEST(EscapeKeys, TwiceAndALetter) {
    for (const auto& [letter, expected] : {std::pair('p', HotKey::power_off), std::pair('r', HotKey::reboot), std::pair('?', HotKey::help),
                                           std::pair(']', HotKey::detach)}) {
        EscapeKeys keys;
        std::string bytes = std::string("a\x1d\x1d") + letter + letter;
        EXPECT_EQ(keys.typed(bytes, at(0ms)), expected);
        EXPECT_EQ(bytes, std::string("a\x1d\x1d") + letter) << "the guest gets no letter that was a key, and the next one";
    }
}

TEST(EscapeKeys, OtherLettersAndSlowOnesAreTheGuests) {
    for (const std::string other : {"\x1d\x1dx", "\x1dp", "p"}) {
        EscapeKeys keys;
        std::string bytes = other;
        EXPECT_EQ(keys.typed(bytes, at(0ms)), std::nullopt);
        EXPECT_EQ(bytes, other);
    }
    EscapeKeys keys;
    EXPECT_FALSE(ends(keys, "\x1d\x1d", at(0ms)));
    std::string late = "p";
    EXPECT_EQ(keys.typed(late, at(1001ms)), std::nullopt);
    EXPECT_EQ(late, "p");
}

TEST(EscapeKeys, OnlyThoseThatDetach) {
    EscapeKeys keys(EscapeKeys::Scope::detaching);
    for (std::string other : {"\x1d\x1d\x1d", "\x1d\x1dp", "\x1d\x1dr", "\x1d\x1d?"}) {
        const std::string before = other;
        EXPECT_EQ(keys.typed(other, at(0ms)), std::nullopt);
        EXPECT_EQ(other, before);
    }
    std::string leaving = "\x1d\x1d]";
    EXPECT_EQ(keys.typed(leaving, at(0ms)), HotKey::detach);
}

}  // namespace
}  // namespace vmspawn
