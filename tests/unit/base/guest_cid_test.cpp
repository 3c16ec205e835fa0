#include "base/guest_cid.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

// Numbers made by another program that follows the same rule, whose hash was checked against the vectors of SipHash's paper.
TEST(GuestCid, IsSystemdVmspawns) {
    EXPECT_EQ(guest_cid("t1", 0), 1529727778U);
    EXPECT_EQ(guest_cid("t1", 1), 78358651U);
    EXPECT_EQ(guest_cid("fedora", 0), 2147701382U);
    EXPECT_EQ(guest_cid("a-name-of-eight", 1), 2230436673U);
}

}  // namespace
}  // namespace vmspawn
