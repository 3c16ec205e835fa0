#include "host/partitions.hpp"

#include "base/fd.hpp"
#include "host/host.hpp"
#include "temporary.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fcntl.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* root_type = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709";

void run(const std::string& command) {
    ASSERT_EQ(std::system(("PATH=$PATH:/usr/sbin:/sbin; " + command + " >/dev/null 2>&1").c_str()), 0) << command;
}

class Partitions : public testing::Test {
protected:
    /// 64 MiB with an ESP and a root partition that holds ext4, or what looks like LUKS.
    std::string gpt(const std::string& name, bool encrypted = false) {
        const std::string disk = directory_ / name;
        run(
            fmt::format("truncate -s 64M '{}' && printf 'label: gpt\\nstart=2048, size=2048, type=uefi\\nstart=4096, size=65536, "
                        "type={}, uuid=11111111-2222-3333-4444-5555AAAABBBB, name=\"a b\", attrs=\"GUID:63 GUID:60\"\\n' | sfdisk '{}'",
                        disk, root_type, disk));
        if (encrypted)
            run(fmt::format("printf 'LUKS\\272\\276\\000\\001' | dd of='{}' bs=1 seek={} conv=notrunc", disk, 4096 * 512));
        else
            run(fmt::format("mke2fs -q -t ext4 -E offset={} '{}' 8M", 4096 * 512, disk));
        return disk;
    }

    static void expect_gpt(const DiskLayout& layout, const std::string& file_system) {
        EXPECT_EQ(layout.problem, "");
        EXPECT_EQ(layout.table, "gpt");
        EXPECT_EQ(layout.file_system, "");
        ASSERT_EQ(layout.partitions.size(), 2U);
        const Partition& root = layout.partitions[1];
        EXPECT_EQ(root.number, 2U);
        EXPECT_EQ(root.uuid, "11111111-2222-3333-4444-5555aaaabbbb");
        EXPECT_EQ(root.type, root_type);
        EXPECT_EQ(root.name, "a b");
        EXPECT_EQ(root.flags, 1ULL << 63U | 1ULL << 60U);
        EXPECT_EQ(root.file_system, file_system);
    }

    TemporaryDirectory directory_;
};

TEST_F(Partitions, OfARawImage) {
    expect_gpt(probe_layout(gpt("disk.raw")), "ext4");
    expect_gpt(probe_layout(gpt("luks.raw", true)), "crypto_LUKS");
}

TEST_F(Partitions, OfAQcow2Image) {
    for (const bool encrypted : {false, true}) {
        const std::string raw = gpt("disk.raw", encrypted);
        const std::string image = directory_ / "a, b.qcow2";
        run(fmt::format("qemu-img convert -f raw -O qcow2 '{}' '{}'", raw, image));
        expect_gpt(probe_layout(image), encrypted ? "crypto_LUKS" : "ext4");
    }
}

TEST_F(Partitions, AFileSystemWithoutATable) {
    const std::string disk = directory_ / "bare.raw";
    run(fmt::format("mke2fs -q -t ext4 '{}' 8M", disk));
    const DiskLayout layout = probe_layout(disk);
    EXPECT_EQ(layout.table, "");
    EXPECT_EQ(layout.file_system, "ext4");
    EXPECT_THAT(layout.partitions, IsEmpty());
}

TEST_F(Partitions, AnOldTableIsNamed) {
    const std::string disk = directory_ / "dos.raw";
    run(fmt::format("truncate -s 8M '{}' && printf 'label: dos\\n,,L\\n' | sfdisk '{}'", disk, disk));
    EXPECT_EQ(probe_layout(disk).table, "dos");
    EXPECT_THAT(probe_layout(disk).partitions, IsEmpty());
}

TEST_F(Partitions, NothingIsThere) {
    EXPECT_EQ(probe_layout(directory_.write("zero", std::string(1 << 20, '\0'))).table, "");
    EXPECT_EQ(probe_layout(directory_ / "missing").problem, "No such file or directory");
    EXPECT_EQ(probe_layout(directory_.write("empty", "")).table, "");
    EXPECT_EQ(probe_layout(directory_.write("broken", std::string("QFI\xfb\0\0\0\3", 8) + std::string(500, '\0'))).problem,
              "its header gives no sensible size");
    std::string header = std::string("QFI\xfb\0\0\0\3", 8) + std::string(500, '\0');
    header[30] = 1;
    EXPECT_THAT(probe_layout(directory_.write("broken2", header)).problem, HasSubstr("qemu-img"));
}

TEST_F(Partitions, ACutImageHasNoPartitionsThatAreNotThere) {
    const std::string disk = gpt("disk.raw");
    run(fmt::format("truncate -s 1M '{}'", disk));
    for (const Partition& partition : probe_layout(disk).partitions)
        EXPECT_EQ(partition.file_system, "");
}

TEST_F(Partitions, AHostRecordsThem) {
    Host host;
    host.layouts["/d/a.raw"] = probe_layout(gpt("disk.raw"));
    host.layouts["/d/b.raw"].problem = "no";
    host.layouts["/d/c.raw"].file_system = "ext4";
    const std::string text = to_json(host, "/d", "");
    const auto read = host_from_json(text, "/d", "");
    ASSERT_TRUE(read) << to_string(read.failure());
    EXPECT_EQ(to_json(*read, "/d", ""), text);
    expect_gpt(read->layouts.at("/d/a.raw"), "ext4");
}

}  // namespace
}  // namespace vmspawn
