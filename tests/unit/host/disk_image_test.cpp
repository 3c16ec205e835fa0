// Images made by qemu-img, followed by our own reader.
#include "host/disk_image.hpp"

#include "temporary.hpp"

#include <cstdlib>

namespace vmspawn {
namespace {

class DiskImage : public testing::Test {
protected:
    TemporaryDirectory directory_;

    void image(const std::string& words) const {
        ASSERT_EQ(std::system(("cd " + directory_.path() + " && qemu-img create -q -f qcow2 " + words).c_str()), 0);
    }
    [[nodiscard]] std::map<std::string, FileAnswer> probed(const std::string& name) const {
        std::map<std::string, FileAnswer> files;
        probe_disk(directory_ / name, files);
        return files;
    }
};

TEST_F(DiskImage, AChainIsFollowedFromEachImagesOwnPlace) {
    std::filesystem::create_directory(directory_ / "sub");
    directory_.write("base.raw", std::string(65536, '\0'));
    image("-b ../base.raw -F raw sub/middle.qcow2 1M");
    image("-b sub/middle.qcow2 -F qcow2 top.qcow2 3M");
    const auto files = probed("top.qcow2");
    ASSERT_EQ(files.size(), 3U);
    const auto& top = files.at(directory_ / "top.qcow2");
    EXPECT_EQ(top.qcow2->size, 3U << 20U);
    EXPECT_EQ(top.qcow2->backing, directory_ / "sub/middle.qcow2");
    EXPECT_EQ(top.qcow2->backing_format, "qcow2");
    EXPECT_EQ(files.at(directory_ / "sub/middle.qcow2").qcow2->backing, directory_ / "base.raw");
    EXPECT_EQ(files.at(directory_ / "base.raw").size, 65536U);
    EXPECT_FALSE(files.at(directory_ / "base.raw").qcow2);
}

TEST_F(DiskImage, DataFilesAndLinks) {
    image("-o data_file=top.data top.qcow2 1M");
    std::filesystem::create_symlink("top.qcow2", directory_ / "link");
    const auto files = probed("link");
    const auto& link = files.at(directory_ / "link");
    EXPECT_EQ(link.target, without_links(directory_ / "top.qcow2"));
    EXPECT_TRUE(link.qcow2->has_data_file);
    EXPECT_EQ(link.qcow2->data_file, directory_ / "top.data");
    EXPECT_EQ(files.at(directory_ / "top.data").type, FileAnswer::Type::regular);
}

TEST_F(DiskImage, WhatIsMissingIsAnAnswerAndRingsEnd) {
    image("-u -b gone.raw -F raw top.qcow2 1M");
    EXPECT_EQ(probed("top.qcow2").at(directory_ / "gone.raw").type, FileAnswer::Type::missing);
    EXPECT_EQ(probed("none").at(directory_ / "none").type, FileAnswer::Type::missing);
    image("-u -b two.qcow2 -F qcow2 one.qcow2 1M");
    image("-u -b one.qcow2 -F qcow2 two.qcow2 1M");
    EXPECT_EQ(probed("one.qcow2").size(), 2U);
}

TEST_F(DiskImage, ProtocolsStayAsTheyAreSpelled) {
    image("-u -b nbd://127.0.0.1/x -F raw top.qcow2 1M");
    const auto files = probed("top.qcow2");
    EXPECT_EQ(files.size(), 1U);
    EXPECT_EQ(files.begin()->second.qcow2->backing, "nbd://127.0.0.1/x");
}

}  // namespace
}  // namespace vmspawn
