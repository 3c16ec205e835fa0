#include "host/version_order.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace vmspawn {
namespace {

TEST(VersionOrder, EachIsOlderThanTheNext) {
    // The examples of UAPI.10, in one chain.
    constexpr std::string_view chain[] = {"~",       "",          "0",         "1~rc1",   "1",      "1-1",     "1^post1",
                                          "1.1",     "122.1",     "123~rc1-1", "123",     "123-a",  "123-a.1", "123-1",
                                          "123-1.1", "123^post1", "123.a-1",   "123.1-1", "123a-1", "124-1"};
    for (std::size_t i = 0; i + 1 < std::size(chain); ++i) {
        EXPECT_LT(compare_versions(chain[i], chain[i + 1]), 0) << chain[i] << " and " << chain[i + 1];
        EXPECT_GT(compare_versions(chain[i + 1], chain[i]), 0) << chain[i + 1] << " and " << chain[i];
        EXPECT_EQ(compare_versions(chain[i], chain[i]), 0);
    }
}

TEST(VersionOrder, WhatIsNoPartOfAVersionDoesNotCount) {
    EXPECT_EQ(compare_versions("1_2", "1 2"), 0);
    EXPECT_EQ(compare_versions("00123", "123"), 0);
    EXPECT_EQ(compare_versions("6.1.0-13", "6.1.0_-13"), 0);
    EXPECT_LT(compare_versions("6.1.0-9-amd64", "6.1.0-13-amd64"), 0);
    EXPECT_LT(compare_versions("99999999999999999999998", "99999999999999999999999"), 0);
}

}  // namespace
}  // namespace vmspawn
