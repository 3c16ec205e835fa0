#include "host/qcow2_header.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

std::string big(std::uint64_t value, std::size_t size) {
    std::string text;
    for (std::size_t i = size; i-- > 0;)
        text += static_cast<char>(value >> (8 * i));
    return text;
}

/// A header of version 3 with extensions behind it and the backing file's name behind those.
struct Made {
    std::uint32_t version = 3, cluster_bits = 16, encryption = 0, header_length = 104;
    std::uint64_t size = 1U << 30U, features = 0;
    std::string extensions = big(0, 8);
    std::string backing;

    [[nodiscard]] std::string bytes() const {
        const std::uint64_t length = version == 2 ? 72 : 104;
        std::string text = "QFI\xfb" + big(version, 4) + big(backing.empty() ? 0 : length + extensions.size(), 8) + big(backing.size(), 4) +
                           big(cluster_bits, 4) + big(size, 8) + big(encryption, 4) + std::string(36, '\0');
        if (version != 2)
            text += big(features, 8) + std::string(16, '\0') + big(4, 4) + big(header_length, 4);
        return text + extensions + backing;
    }
    [[nodiscard]] Qcow2Header read() const { return read_qcow2_header(bytes()); }
};

std::string extension(std::uint32_t type, const std::string& text) {
    return big(type, 4) + big(text.size(), 4) + text + std::string((8 - text.size() % 8) % 8, '\0');
}

TEST(Qcow2Header, SizeAndNothingElse) {
    const Qcow2Header header = Made().read();
    EXPECT_EQ(header.problem, "");
    EXPECT_EQ(header.size, 1U << 30U);
    EXPECT_EQ(header.backing_file, "");
    EXPECT_FALSE(header.has_data_file);
}

TEST(Qcow2Header, BackingFileAndItsFormat) {
    for (const std::uint32_t version : {2U, 3U}) {
        Made made{.version = version};
        made.extensions = extension(0x12345678, "unknown") + extension(0xe2792aca, "qcow2") + big(0, 8);
        made.backing = "../base.qcow2";
        const Qcow2Header header = made.read();
        EXPECT_EQ(header.problem, "");
        EXPECT_EQ(header.backing_file, "../base.qcow2");
        EXPECT_EQ(header.backing_format, "qcow2");
    }
}

TEST(Qcow2Header, DataFileOnlyWithItsFeature) {
    Made made{.features = 4};
    made.extensions = extension(0x44415441, "top.data") + big(0, 8);
    EXPECT_TRUE(made.read().has_data_file);
    EXPECT_EQ(made.read().data_file, "top.data");
    made.features = 0;
    EXPECT_FALSE(made.read().has_data_file);
    EXPECT_EQ(made.read().data_file, "");
}

TEST(Qcow2Header, WhatQemuWouldRefuse) {
    EXPECT_EQ(read_qcow2_header("").problem, "it has no qcow2 header");
    EXPECT_EQ(read_qcow2_header("QFI\xfb").problem, "it has no qcow2 header");
    EXPECT_EQ(read_qcow2_header(Made().bytes().substr(0, 100)).problem, "its header is cut off");
    EXPECT_EQ(Made{.version = 1}.read().problem, "it is of version 1, and only 2 and 3 are known");
    EXPECT_EQ(Made{.cluster_bits = 40}.read().problem, "its clusters are of 2^40 bytes");
    EXPECT_EQ(Made{.encryption = 1}.read().problem, "it is encrypted");
    EXPECT_EQ(Made{.features = 2}.read().problem, "it is marked as corrupt (qemu-img check -r all may mend it)");
    EXPECT_EQ(Made{.features = 1U << 9U}.read().problem, "it uses features that are not known (bits 0x200)");
}

TEST(Qcow2Header, NamesBeyondTheHeaderAreNotRead) {
    Made made;
    made.backing = std::string(2000, 'a');
    EXPECT_EQ(made.read().problem, "the name of its backing file lies outside its header");
    made.backing = "base.raw";
    const std::string bytes = made.bytes();
    EXPECT_EQ(read_qcow2_header(bytes.substr(0, bytes.size() - 1)).problem, "the name of its backing file lies outside its header");
    made.backing = std::string("a\0b", 3);
    EXPECT_EQ(made.read().problem, "the name of its backing file lies outside its header");
    EXPECT_EQ(Made{.extensions = big(0xe2792aca, 4) + big(500, 4)}.read().problem, "an extension of its header is cut off");
    EXPECT_EQ(Made{.extensions = big(0x12345678, 4) + big(0xffffffff, 4)}.read().problem, "");
}

}  // namespace
}  // namespace vmspawn
