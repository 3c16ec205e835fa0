// Disks that are larger or thrown away.
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Bytes mebibyte = 1U << 20U;

Machine ephemeral_machine() {
    Machine machine = disk_machine();
    machine.image.ephemeral = true;
    return machine;
}

Host with_disk(std::uint64_t size, FileAnswer::Type type = FileAnswer::Type::regular) {
    Host host = plain_host();
    FileAnswer& answer = host.files["/defs/disk.raw"] = regular_file("1", size);
    answer.type = type;
    return host;
}

Machine grown(Bytes size) {
    Machine machine = disk_machine();
    machine.image.grow = size;
    return machine;
}

std::optional<Grow> grow_of(const Planned& made) {
    return std::get<OpenFile>(made.at("image").up).grow;
}

TEST(Ephemeral, WritesGoToAnOverlay) {
    const Planned made = planned(ephemeral_machine(), with_disk(5 * mebibyte));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_FALSE(std::get<OpenFile>(made.at("image").up).writable);
    EXPECT_EQ(std::get<OpenFile>(made.at("image").up).lock, OpenFile::Lock::qemu);
    EXPECT_EQ(std::get<MakeOverlay>(made.at("image.overlay").up).size, 5 * mebibyte);
    EXPECT_THAT(made.values("-blockdev"),
                ElementsAre(HasSubstr(R"("node-name":"image-file","filename":"/dev/fdset/1","read-only":true)"),
                            AllOf(HasSubstr(R"("driver":"raw","node-name":"image-base","file":"image-file","read-only":true)")),
                            AllOf(HasSubstr(R"("node-name":"image.overlay","filename":"/dev/fdset/2","read-only":false)"),
                                  HasSubstr(R"("no-flush":true)")),
                            HasSubstr(R"("driver":"qcow2","node-name":"image","file":"image.overlay")")));
    EXPECT_THAT(made.values("-blockdev").back(), HasSubstr(R"("backing":"image-base")"));
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr(R"("drive":"image")")));
}

TEST(Ephemeral, AReadOnlyImageWillDo) {
    Host host = with_disk(mebibyte);
    host.files["/defs/disk.raw"].writable = false;
    EXPECT_THAT(planned(ephemeral_machine(), host).summaries(), IsEmpty());
    EXPECT_THAT(planned(disk_machine(), host).found.begin()->hint, HasSubstr("image.ephemeral = true would do without"));
}

TEST(Ephemeral, DrivesKeepTheirWrites) {
    Machine machine = ephemeral_machine();
    Drive drive;
    drive.name = "data";
    drive.path = "/defs/data.raw";
    machine.drives = {drive};
    EXPECT_TRUE(std::get<OpenFile>(planned(machine).at("drive.data").up).writable);
}

TEST(Ephemeral, GrowGivesTheOverlayTheLargerSize) {
    Machine machine = ephemeral_machine();
    machine.image.grow = 8 * mebibyte;
    const Planned made = planned(machine, with_disk(5 * mebibyte));
    EXPECT_EQ(std::get<MakeOverlay>(made.at("image.overlay").up).size, 8 * mebibyte);
    EXPECT_FALSE(grow_of(made));
    EXPECT_THAT(made.at("image").reasons, Contains(HasSubstr("left to the guest")));
    machine.image.grow = 2 * mebibyte;
    EXPECT_EQ(std::get<MakeOverlay>(planned(machine, with_disk(5 * mebibyte)).at("image.overlay").up).size, 5 * mebibyte);
    machine.image.grow = 1ULL << 60U;
    EXPECT_THAT(planned(machine).summaries(), ElementsAre(HasSubstr("an overlay holds")));
}

TEST(Ephemeral, AMachineThatNobodyNamedGetsASuffix) {
    Machine machine = ephemeral_machine();
    const Planned drawn = planned(machine);
    EXPECT_TRUE(std::get<ClaimName>(drawn.at("runtime-dir").up).suffixed);
    EXPECT_THAT(drawn.values("-name"), ElementsAre("guest=<runtime-dir:name>"));
    machine.origins["name"] = said_here();
    const Planned named = planned(machine);
    EXPECT_FALSE(std::get<ClaimName>(named.at("runtime-dir").up).suffixed);
    EXPECT_THAT(named.values("-name"), ElementsAre("guest=test"));
}

TEST(Grow, ARawImageGrowsOnItsOwnDescriptor) {
    const Planned made = planned(grown(8 * mebibyte), with_disk(5 * mebibyte));
    ASSERT_TRUE(grow_of(made));
    EXPECT_EQ(grow_of(made)->size, 8 * mebibyte);
    EXPECT_FALSE(grow_of(made)->qcow2);
    EXPECT_TRUE(grow_of(planned(grown(5 * mebibyte), with_disk(5 * mebibyte)))) << "its partition table may still wait";
}

TEST(Grow, WhatIsLargeEnoughAndBlockDevicesStay) {
    const Planned larger = planned(grown(mebibyte), with_disk(5 * mebibyte));
    EXPECT_FALSE(grow_of(larger));
    EXPECT_THAT(larger.at("image").reasons, ElementsAre("image.grow = 1048576 does nothing because the image has 5242880 bytes"));
    const Planned device = planned(grown(8 * mebibyte), with_disk(5 * mebibyte, FileAnswer::Type::block));
    EXPECT_FALSE(grow_of(device));
    EXPECT_THAT(device.at("image").reasons, ElementsAre(HasSubstr("because a block device has the size that it has")));
}

struct Qcow2Case {
    Machine machine = grown(8 * mebibyte);
    Host host = with_disk(1000);

    Qcow2Case() {
        machine.image.format = DiskFormat::qcow2;
        FileAnswer& answer = host.files["/defs/disk.raw"];
        answer.format = "qcow2";
        answer.qcow2 = Qcow2Facts{.size = 5 * mebibyte, .backing = "/defs/base.raw", .backing_format = "raw"};
        host.files["/defs/base.raw"] = regular_file("2");
        host.files["/dev/fuse"].type = FileAnswer::Type::character;
        host.files["/dev/fuse"].writable = true;
        host.programs = {{"qemu-img", "/usr/bin/qemu-img"},
                         {"qemu-storage-daemon", "/usr/bin/qemu-storage-daemon"},
                         {"fusermount3", "/usr/bin/fusermount3"}};
    }
    [[nodiscard]] Planned plan() const { return planned(machine, host); }
};

TEST(Grow, AQcow2ImageGrowsByQemusTools) {
    const Planned made = Qcow2Case().plan();
    ASSERT_TRUE(grow_of(made) && grow_of(made)->qcow2);
    const Grow::Tools tools = *grow_of(made)->qcow2;
    EXPECT_EQ(tools.qemu_img, "/usr/bin/qemu-img");
    EXPECT_EQ(tools.storage_daemon, "/usr/bin/qemu-storage-daemon");
    EXPECT_EQ(tools.image, R"({"driver":"qcow2","file":{"driver":"file","filename":"/proc/self/fd/3","locking":"off"},)"
                           R"("backing":{"driver":"raw","file":{"driver":"file","filename":"/defs/base.raw"},"read-only":true}})");
    EXPECT_THAT(made.at("image").reasons, IsEmpty());
}

TEST(Grow, WithoutFuseTheGuestMovesTheTable) {
    Qcow2Case without;
    without.host.programs["fusermount3"] = "";
    EXPECT_EQ(grow_of(without.plan())->qcow2->storage_daemon, "/usr/bin/qemu-storage-daemon") << "root needs no fusermount3";
    without.host.uid = 1000;
    EXPECT_EQ(grow_of(without.plan())->qcow2->storage_daemon, "");
    EXPECT_THAT(without.plan().at("image").reasons, ElementsAre(HasSubstr("fusermount3 is not installed")));
    without.host.files["/dev/fuse"].writable = false;
    EXPECT_THAT(without.plan().at("image").reasons, ElementsAre(HasSubstr("/dev/fuse cannot be used here")));
}

TEST(Grow, WithoutQemuImgAQcow2ImageCannotGrow) {
    Qcow2Case without;
    without.host.programs["qemu-img"] = "";
    EXPECT_THAT(without.plan().summaries(), ElementsAre("image.grow: a qcow2 image grows by qemu-img, which is not installed"));
    EXPECT_EQ(without.plan().found.status(), EOPNOTSUPP);
    without.machine.image.grow = 5 * mebibyte;
    EXPECT_THAT(without.plan().summaries(), IsEmpty()) << "it is large enough";
}

}  // namespace
}  // namespace vmspawn
