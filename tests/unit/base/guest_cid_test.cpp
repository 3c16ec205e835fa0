#include "base/guest_cid.hpp"

#include "base/siphash.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(SipHash, GivesThePublishedNumber) {
    const char bytes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    EXPECT_EQ(siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, {bytes, sizeof bytes}), 0xa129ca6149be45e5U);
}

// Numbers made by another program that follows the same rule, whose hash was checked against the vectors of SipHash's paper.
TEST(GuestCid, IsSystemdVmspawns) {
    EXPECT_EQ(guest_cid("t1", 0), 1529727778U);
    EXPECT_EQ(guest_cid("t1", 1), 78358651U);
    EXPECT_EQ(guest_cid("fedora", 0), 2147701382U);
    EXPECT_EQ(guest_cid("a-name-of-eight", 1), 2230436673U);
}

}  // namespace
}  // namespace vmspawn
