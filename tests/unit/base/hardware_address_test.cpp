#include "base/hardware_address.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(HardwareAddress, HasThreeSpellings) {
    for (const char* text : {"52:54:00:AB:cd:0f", "52-54-00-ab-CD-0f", "5254.00ab.CD0f"}) {
        const auto mac = parse_hardware_address(text);
        ASSERT_TRUE(mac) << text;
        EXPECT_EQ(print_mac(*mac), "52:54:00:ab:cd:0f") << text;
    }
}

TEST(HardwareAddress, NothingElseIsOne) {
    for (const char* text : {"", "52:54:00:ab:cd", "52:54-00:ab:cd:0f", "52-54-00-ab-cd:0f", "5254:00ab:cd0f", "525400abcd0f",
                             "5254.00ab.cd0", "52:54:00:ab:cd:0g", "5:254:00:ab:cd:0f", "52:54:00:ab:cd:-f", "+5:54:00:ab:cd:0f",
                             "53:54:00:ab:cd:0f", "0000.0000.0000", "00-00-00-00-00-00", "5254.00ab-cd0f"})
        EXPECT_FALSE(parse_hardware_address(text)) << text;
}

TEST(HardwareAddress, OfAHashIsLocal) {
    EXPECT_EQ(print_mac(local_mac({0x11, 0x22, 0x33, 0x44, 0x55, 0x66})), "12:22:33:44:55:66");
    EXPECT_EQ(print_mac(local_mac({})), "02:00:00:00:00:00");
}

}  // namespace
}  // namespace vmspawn
