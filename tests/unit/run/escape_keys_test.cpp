#include "run/escape_keys.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using namespace std::chrono_literals;

constexpr const char* key = "\x1d";

EscapeKeys::Clock::time_point at(std::chrono::milliseconds time) {
    return EscapeKeys::Clock::time_point(time);
}

TEST(EscapeKeys, ThreeWithinASecond) {
    EscapeKeys keys;
    EXPECT_FALSE(keys.typed(key, at(0ms)));
    EXPECT_FALSE(keys.typed(key, at(500ms)));
    EXPECT_TRUE(keys.typed(key, at(1000ms)));
}

TEST(EscapeKeys, InOnePiece) {
    EXPECT_TRUE(EscapeKeys().typed("ls\n\x1d\x1d\x1d", at(0ms)));
    EXPECT_TRUE(EscapeKeys().typed("\x1d\x1d\x1d and more", at(0ms)));
}

TEST(EscapeKeys, SlowOnesDoNotCount) {
    EscapeKeys keys;
    EXPECT_FALSE(keys.typed(key, at(0ms)));
    EXPECT_FALSE(keys.typed(key, at(500ms)));
    EXPECT_FALSE(keys.typed(key, at(1001ms)));
    EXPECT_TRUE(keys.typed(key, at(1400ms))) << "the last three came within a second";
}

TEST(EscapeKeys, AnotherByteBetweenStartsOver) {
    EscapeKeys keys;
    EXPECT_FALSE(keys.typed("\x1d\x1dx\x1d", at(0ms)));
    EXPECT_FALSE(keys.typed(key, at(1ms)));
    EXPECT_TRUE(keys.typed(key, at(2ms)));
}

TEST(EscapeKeys, CanBeTypedAgain) {
    EscapeKeys keys;
    EXPECT_TRUE(keys.typed("\x1d\x1d\x1d", at(0ms)));
    EXPECT_TRUE(keys.typed(key, at(100ms)));
    EXPECT_FALSE(keys.typed(key, at(3000ms)));
}

}  // namespace
}  // namespace vmspawn
