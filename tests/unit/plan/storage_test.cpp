#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Type = FileAnswer::Type;

/// The plan of disk_machine() when `answer` is what stands at the image's path.
Planned with_answer(FileAnswer answer, Machine machine = disk_machine()) {
    Host host = plain_host();
    host.files["/defs/disk.raw"] = std::move(answer);
    return planned(machine, host);
}

Drive drive(std::string name, Path path, bool read_only = false) {
    Drive made;
    made.name = std::move(name);
    made.path = std::move(path);
    made.read_only = read_only;
    return made;
}

TEST(Storage, ImageIsOpenedAndHandedOver) {
    const Planned made = planned(disk_machine());
    EXPECT_THAT(made.summaries(), IsEmpty());
    const auto& file = std::get<OpenFile>(made.at("image").up);
    EXPECT_EQ(file.path, "/defs/disk.raw");
    EXPECT_TRUE(file.writable);
    EXPECT_EQ(file.lock, OpenFile::Lock::qemu);
    EXPECT_THAT(made.values("-add-fd"), ElementsAre("fd=<image:fd>,set=1"));
    EXPECT_THAT(made.values("-blockdev"),
                ElementsAre(R"({"driver":"file","node-name":"image-file","filename":"/dev/fdset/1","read-only":false,)"
                            R"("cache":{"direct":false,"no-flush":false},"discard":"unmap"})",
                            R"({"driver":"raw","node-name":"image","file":"image-file","read-only":false,"discard":"unmap"})"));
    EXPECT_THAT(made.values("-device"),
                Contains(R"({"driver":"virtio-blk-pci","id":"image-disk","drive":"image","serial":"disk.raw","bootindex":1})"));
}

TEST(Storage, BlockDevicesHaveTheirOwnDriver) {
    FileAnswer answer = regular_file("b8:1");
    answer.type = Type::block;
    EXPECT_THAT(with_answer(answer).values("-blockdev"), Contains(HasSubstr(R"("driver":"host_device")")));
}

TEST(Storage, IoUringWhereTheProbedQemuHasIt) {
    Host host = plain_host();
    host.qemu["x86_64"].features.insert("aio-io_uring");
    EXPECT_THAT(planned(disk_machine(), host).values("-blockdev"), Contains(HasSubstr(R"("aio":"io_uring")")));
}

TEST(Storage, DiscardCanBeTurnedOff) {
    Machine machine = disk_machine();
    machine.image.discard = false;
    EXPECT_THAT(planned(machine).values("-blockdev"), Contains(HasSubstr(R"("discard":"ignore")")));
}

TEST(Storage, ReadOnlyDrivesAreOpenedSo) {
    Machine machine = disk_machine();
    machine.drives = {drive("rescue", "/defs/rescue.iso", true)};
    machine.drives.front().boot_order = 2;
    const Planned made = planned(machine);
    EXPECT_FALSE(std::get<OpenFile>(made.at("drive.rescue").up).writable);
    EXPECT_THAT(made.values("-blockdev"),
                Contains(HasSubstr(R"("node-name":"drive.rescue-file","filename":"/dev/fdset/2","read-only":true)")));
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr(R"("serial":"rescue.iso","bootindex":2)")));
}

TEST(Storage, LongNamesBecomeADigestInTheSerial) {
    Machine machine = disk_machine();
    machine.drives = {drive("a", "/defs/exactly-20-letters.i"), drive("b", "/defs/more-than-20-letters.i")};
    const auto devices = planned(machine).values("-device");
    EXPECT_THAT(devices, Contains(HasSubstr(R"("serial":"exactly-20-letters.i")")));
    // printf %s more-than-20-letters.i | sha256sum | cut -c-20
    EXPECT_THAT(devices, Contains(HasSubstr(R"("serial":"7bb128df8d0b86db5595")")));
}

Machine of_type(DiskType type) {
    Machine machine = disk_machine();
    machine.image.disk_type = type;
    return machine;
}

TEST(Storage, TheKindOfDiskIsTheDevice) {
    EXPECT_THAT(planned(of_type(DiskType::nvme)).values("-device"),
                Contains(R"({"driver":"nvme","id":"image-disk","drive":"image","serial":"disk.raw","bootindex":1})"));
    EXPECT_THAT(planned(of_type(DiskType::virtio_scsi)).values("-device"),
                Contains(R"({"driver":"scsi-hd","id":"image-disk","bus":"scsi0.0","drive":"image","serial":"disk.raw","bootindex":1})"));
    EXPECT_THAT(planned(of_type(DiskType::scsi_cd)).values("-device"),
                Contains(R"({"driver":"scsi-cd","id":"image-disk","bus":"scsi0.0","drive":"image","serial":"disk.raw","bootindex":1})"));
}

TEST(Storage, DrivesFollowTheImageAndShareOneController) {
    Machine machine = of_type(DiskType::virtio_scsi);
    machine.drives = {drive("a", "/defs/a.raw"), drive("b", "/defs/b.raw"), drive("c", "/defs/c.raw")};
    machine.drives[1].disk_type = DiskType::scsi_cd;
    machine.drives[2].disk_type = DiskType::nvme;
    const auto devices = planned(machine).values("-device");
    EXPECT_THAT(devices, Contains(HasSubstr(R"("scsi-hd","id":"drive.a-disk")")));
    EXPECT_THAT(devices, Contains(HasSubstr(R"("scsi-cd","id":"drive.b-disk")")));
    EXPECT_THAT(devices, Contains(HasSubstr(R"("nvme","id":"drive.c-disk")")));
    EXPECT_THAT(devices, Contains(HasSubstr("virtio-scsi-pci")).Times(1));
}

TEST(Storage, ACdIsOnlyRead) {
    const Planned made = planned(of_type(DiskType::scsi_cd));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_FALSE(std::get<OpenFile>(made.at("image").up).writable);
    EXPECT_THAT(made.values("-blockdev"), testing::Each(HasSubstr(R"("read-only":true)")));
}

TEST(Storage, ScsiDisksHaveLongerSerials) {
    Machine machine = of_type(DiskType::virtio_scsi);
    machine.drives = {drive("a", "/defs/exactly-thirty-letters-long.qc"), drive("b", "/defs/more-than-thirty-letters-long.qc")};
    const auto devices = planned(machine).values("-device");
    EXPECT_THAT(devices, Contains(HasSubstr(R"("serial":"exactly-thirty-letters-long.qc")")));
    // printf %s more-than-thirty-letters-long.qc | sha256sum | cut -c-30
    EXPECT_THAT(devices, Contains(HasSubstr(R"("serial":"0dbae472bad3577b14a0d882e67c9f")")));
}

TEST(Storage, ADeviceThatQemuLacksIsSaid) {
    Host host = plain_host();
    host.qemu["x86_64"].features.erase("device/nvme");
    const Planned made = planned(of_type(DiskType::nvme), host);
    EXPECT_THAT(made.summaries(), ElementsAre("image.disk-type: QEMU 7.2.22 has no device nvme"));
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
}

TEST(Storage, WhatIsNotThereIsSaidWithItsErrno) {
    FileAnswer missing;
    EXPECT_THAT(with_answer(missing).summaries(), ElementsAre("image.path: ./disk.raw does not exist"));
    EXPECT_EQ(with_answer(missing).found.status(), ENOENT);

    FileAnswer behind_a_wall;
    behind_a_wall.error = EACCES;
    EXPECT_EQ(with_answer(behind_a_wall).found.status(), EACCES);
}

TEST(Storage, MissingPermissionNamesTheOwner) {
    FileAnswer answer = regular_file("1:1");
    answer.writable = false;
    answer.owner = 1000;
    const Planned made = with_answer(answer);
    EXPECT_THAT(made.summaries(), ElementsAre("image.path: no permission to write ./disk.raw"));
    EXPECT_EQ(made.found.begin()->hint, "it belongs to uid 1000, vmspawn runs as uid 0; image.ephemeral = true would do without");
    EXPECT_EQ(made.found.status(), EACCES);
    answer.readable = false;
    EXPECT_THAT(with_answer(answer).summaries(), ElementsAre("image.path: no permission to read ./disk.raw"));
}

TEST(Storage, ADriveMayDoWithoutWriting) {
    Machine machine = disk_machine();
    machine.drives = {drive("data", "/defs/data.raw")};
    Host host = plain_host();
    host.files["/defs/data.raw"] = regular_file("1:2");
    host.files["/defs/data.raw"].writable = false;
    EXPECT_THAT(planned(machine, host).found.begin()->hint, HasSubstr("drive.data.read-only = true would do without"));
}

TEST(Storage, WhatIsNoDiskIsRefused) {
    for (const Type type : {Type::directory, Type::fifo, Type::character, Type::socket}) {
        FileAnswer answer = regular_file("1:1");
        answer.type = type;
        EXPECT_EQ(with_answer(answer).found.status(), EINVAL);
    }
    FileAnswer directory = regular_file("1:1");
    directory.type = Type::directory;
    EXPECT_THAT(with_answer(directory).summaries(), ElementsAre("image.path: ./disk.raw is a directory"));
}

TEST(Storage, AQcow2ImageIsNotTakenForARawOne) {
    FileAnswer answer = regular_file("1:1");
    answer.format = "qcow2";
    const Planned made = with_answer(answer);
    EXPECT_THAT(made.summaries(), ElementsAre("image.path: ./disk.raw is a qcow2 image, and would be taken for a raw one"));
    EXPECT_EQ(made.found.begin()->hint, "set image.format = \"qcow2\"");
}

TEST(Storage, ARawImageIsNotTakenForAQcow2One) {
    Machine machine = disk_machine();
    machine.image.format = DiskFormat::qcow2;
    const Planned made = planned(machine);
    EXPECT_THAT(made.summaries(), ElementsAre("image.path: ./disk.raw is no qcow2 image"));
    EXPECT_EQ(made.found.begin()->hint, "set image.format = \"raw\"");
    EXPECT_EQ(made.found.status(), EINVAL);
}

TEST(Storage, OneFileCannotBeTwoDrives) {
    Machine machine = disk_machine();
    machine.drives = {drive("other", "/defs/link.raw", true)};
    Host host = plain_host();
    host.files["/defs/disk.raw"] = host.files["/defs/link.raw"] = regular_file("254:1:7");
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), ElementsAre("drive.other.path is the same file as image.path"));
    EXPECT_THAT(made.found.begin()->notes, testing::SizeIs(1));
}

TEST(Storage, OneFileCanBeTwoDrivesThatOnlyRead) {
    Machine machine = direct_machine();
    machine.drives = {drive("one", "/defs/a.iso", true), drive("two", "/defs/b.iso", true)};
    Host host = plain_host();
    host.files["/defs/a.iso"] = host.files["/defs/b.iso"] = regular_file("254:1:7");
    EXPECT_THAT(planned(machine, host).summaries(), IsEmpty());
}

TEST(Storage, BootOrdersAreDistinct) {
    Machine machine = disk_machine();
    machine.drives = {drive("a", "/defs/a.raw")};
    machine.drives.front().boot_order = 1;
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("drive.a.boot-order = 1 is taken by image"));
}

}  // namespace
}  // namespace vmspawn
