#include "host/bzimage.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmspawn {
namespace {

std::string bzimage() {
    std::string bytes(4096, '\0');
    bytes[0x1f1] = 39;  // sectors of set-up code
    bytes.replace(0x202, 4, "HdrS");
    bytes[0x206] = 0x0f;
    bytes[0x207] = 2;
    bytes[0x248] = 0x10;
    bytes[0x249] = 2;
    bytes[0x24e] = 1;
    return bytes;
}

TEST(BzImage, SaysWhereItsKernelIs) {
    const auto place = bzimage_payload(bzimage());
    ASSERT_TRUE(place);
    EXPECT_EQ(place->offset, 40U * 512 + 0x210);
    EXPECT_EQ(place->size, 0x10000U);
}

TEST(BzImage, WithoutASectorCountHasFour) {
    std::string bytes = bzimage();
    bytes[0x1f1] = 0;
    EXPECT_EQ(bzimage_payload(bytes)->offset, 5U * 512 + 0x210);
}

TEST(BzImage, IsNothingElse) {
    EXPECT_FALSE(bzimage_payload(""));
    EXPECT_FALSE(bzimage_payload(bzimage().substr(0, 0x24f)));
    std::string old = bzimage();
    old[0x206] = 7;
    EXPECT_FALSE(bzimage_payload(old)) << "protocol 2.07 has no payload";
    std::string empty = bzimage();
    empty[0x24e] = 0;
    EXPECT_FALSE(bzimage_payload(empty));
    std::string other = bzimage();
    other[0x202] = 'X';
    EXPECT_FALSE(bzimage_payload(other));
}

TEST(Compression, IsKnownByItsFirstBytes) {
    EXPECT_EQ(compression_of("\x1f\x8b\x08"), "gzip");
    EXPECT_EQ(compression_of(std::string("\xfd"
                                         "7zXZ\0",
                                         6)),
              "xz");
    EXPECT_EQ(compression_of("\x28\xb5\x2f\xfd"), "zstd");
    EXPECT_EQ(compression_of("\x02\x21\x4c\x18"), "lz4");
    EXPECT_EQ(compression_of("BZh9"), "");
    EXPECT_EQ(compression_of(""), "");
}

}  // namespace
}  // namespace vmspawn
