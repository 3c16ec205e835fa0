#include "host/routes.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(Routes, Ipv4) {
    const std::string head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
    EXPECT_TRUE(has_default_ipv4(head + "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"));
    EXPECT_FALSE(has_default_ipv4(head + "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"));
    EXPECT_FALSE(has_default_ipv4(head + "eth0\t00000000\t00000000\t0001\t0\t0\t0\t00000080\t0\t0\t0\n")) << "the half 0.0.0.0/1";
    EXPECT_FALSE(has_default_ipv4(head + "*\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n")) << "unreachable";
    EXPECT_FALSE(has_default_ipv4(head));
    EXPECT_FALSE(has_default_ipv4("")) << "a kernel without it";
}

TEST(Routes, Ipv6) {
    const std::string nothing = "00000000000000000000000000000000";
    const std::string rest = " 00 " + nothing + " 00 fd000000000000000000000000000001 00000400 00000001 00000000 ";
    EXPECT_TRUE(has_default_ipv6(nothing + rest + "00000003     eth0\n"));
    EXPECT_FALSE(has_default_ipv6(nothing + rest + "00200200       lo\n")) << "what every kernel has: unreachable";
    EXPECT_FALSE(has_default_ipv6("fe800000000000000000000000000000 40" + rest.substr(3) + "00000001     eth0\n"));
    EXPECT_FALSE(has_default_ipv6("garbage\n\n"));
}

}  // namespace
}  // namespace vmspawn
