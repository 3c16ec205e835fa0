#include "model/types.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

template <class E>
class Words : public testing::Test {};

using Enumerations = testing::Types<Want, Arch, DiskFormat, DiskType, Cache, Scope, StateKind, FirmwareKind, Confidential, VsockBackend,
                                    NetworkKind, NetworkBackend, ConsoleMode, ConsoleTransport>;
TYPED_TEST_SUITE(Words, Enumerations);

TYPED_TEST(Words, EveryWordComesBack) {
    ASSERT_GE(words_of<TypeParam>().size(), 2U);
    for (const std::string_view word : words_of<TypeParam>()) {
        const auto value = from_word<TypeParam>(word);
        ASSERT_TRUE(value) << word;
        EXPECT_EQ(to_word(*value), word);
    }
}

TYPED_TEST(Words, RefusesOthers) {
    EXPECT_FALSE(from_word<TypeParam>(""));
    EXPECT_FALSE(from_word<TypeParam>("Raw"));
    EXPECT_FALSE(from_word<TypeParam>("virtio-"));
}

TEST(Words, AreThoseOfTheDefinition) {
    EXPECT_EQ(to_word(Want::if_possible), "auto");
    EXPECT_EQ(to_word(Want::yes), "yes");
    EXPECT_EQ(to_word(DiskType::scsi_cd), "scsi-cd");
    EXPECT_EQ(to_word(Scope::by_uid), "auto");
    EXPECT_EQ(to_word(ConsoleMode::read_only), "read-only");
}

TEST(Words, APathHasNoWordToParse) {
    EXPECT_EQ(to_word(FirmwareKind::descriptor), "descriptor");
    EXPECT_EQ(to_word(StateKind::at), "path");
    EXPECT_FALSE(from_word<FirmwareKind>("descriptor"));
    EXPECT_FALSE(from_word<StateKind>("path"));
}

}  // namespace
}  // namespace vmspawn
