#include "base/interface_name.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

TEST(InterfaceName, IsTheMachinesWhereItFits) {
    EXPECT_EQ(tap_name("web"), "vt-web");
    EXPECT_EQ(tap_name("twelve-bytes"), "vt-twelve-bytes");
}

// By an implementation of its own of the rule in the header.
TEST(InterfaceName, ALongOneEndsInAHash) {
    EXPECT_EQ(tap_name("a-machine-of-mine"), "vt-a-machin8SIB");
}

}  // namespace
}  // namespace vmspawn
