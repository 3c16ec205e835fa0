// Disks that come and go: the steps for QEMU, what the client hears, and what is taken back.
#include "run/hot_storage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::StartsWith;

ServeControl offer(std::vector<std::string> ports = {"p0", "p1"}) {
    return {.disk_types = {{.word = "virtio-blk", .driver = "virtio-blk-pci"},
                           {.word = "virtio-scsi", .driver = "scsi-hd", .scsi = true},
                           {.word = "nvme", .driver = ""},
                           {.word = "scsi-cd", .driver = "scsi-cd", .scsi = true, .read_only = true}},
            .ports = std::move(ports),
            .fixed = {"image"}};
}

OfferedFile file(const std::string& identity, bool writable = true) {
    return {.writable = writable, .identity = identity};
}

class Storage : public testing::Test {
protected:
    /// Each command as a line; the drive that a step is for is remembered.
    std::vector<std::string> lines(const StorageCommands& commands) {
        std::vector<std::string> all;
        for (const StorageCommand& command : commands) {
            if (const auto* step = std::get_if<StorageStep>(&command)) {
                drive_ = step->drive;
                all.push_back(step->command + " " + step->arguments + (step->passed_of != 0 ? " passed" : "") +
                              (step->read_only ? " ro" : ""));
            } else if (const auto* end = std::get_if<StorageEnd>(&command)) {
                all.push_back("end " + std::to_string(end->call) + " " + (end->error ? end->error->name + end->error->parameters : "done"));
            } else {
                all.push_back("trouble " + std::get<StorageTrouble>(command).words);
            }
        }
        return all;
    }
    std::vector<std::string> add(int call, const std::string& name, const OfferedFile& offered, const std::string& config = "") {
        return lines(storage_.add(call, {.name = name, .config = config, .descriptor = 0}, offered));
    }
    std::vector<std::string> ok() { return lines(storage_.answered(drive_, "")); }
    /// All steps of what is under way, the last answer included.
    std::vector<std::string> run(std::vector<std::string> first) {
        std::vector<std::string> all = std::move(first);
        while (!all.empty() && !all.back().starts_with("end")) {
            const std::vector<std::string> more = ok();
            if (more.empty())
                break;
            all.insert(all.end(), more.begin(), more.end());
        }
        return all;
    }
    std::string error_of(const std::vector<std::string>& said) { return said.size() == 1 ? said.front() : "more than an answer"; }

    HotStorage storage_{offer()};
    int drive_ = 0;
};

TEST_F(Storage, ADiskComesStepByStep) {
    EXPECT_THAT(
        run(add(1, "v", file("f"))),
        ElementsAre(
            R"(add-fd {"fdset-id":1001} passed)",
            R"(blockdev-add {"driver":"file","node-name":"hot1-file0","filename":"/dev/fdset/1001","read-only":false,"discard":"unmap"})",
            R"(remove-fd {"fdset-id":1001})",
            R"(blockdev-add {"driver":"raw","node-name":"hot1","file":"hot1-file0","read-only":false,"discard":"unmap"})",
            R"(device_add {"driver":"virtio-blk-pci","id":"hot1-disk","bus":"p0","drive":"hot1","serial":"v"})", "end 1 done"));
}

TEST_F(Storage, ADescriptorForReadingMakesAReadOnlyDisk) {
    const auto steps = run(add(1, "v", file("f", false)));
    EXPECT_THAT(steps.at(1), HasSubstr(R"("read-only":true)"));
    EXPECT_THAT(steps.at(0), StartsWith("add-fd"));
    EXPECT_THAT(steps.at(0), HasSubstr(" ro"));
    const auto cd = run(add(2, "cd", file("g"), "scsi-cd"));
    EXPECT_THAT(cd.at(1), HasSubstr(" ro")) << "QEMU gets a descriptor for reading";
}

TEST_F(Storage, ScsiBringsItsControllerOnce) {
    const auto first = run(add(1, "a", file("f"), "virtio-scsi"));
    EXPECT_EQ(first.front(), R"(device_add {"driver":"virtio-scsi-pci","id":"hot-scsi","bus":"p0"})");
    EXPECT_THAT(first.at(first.size() - 2), HasSubstr(R"("driver":"scsi-hd","id":"hot1-disk","bus":"hot-scsi.0")"));
    EXPECT_THAT(run(add(2, "b", file("g"), "virtio-scsi")).front(), StartsWith("add-fd"));
    EXPECT_THAT(run(add(3, "c", file("h"))).back(), "end 3 done") << "one port is left";
    EXPECT_THAT(error_of(add(4, "d", file("i"))), HasSubstr("EBUSY"));
}

TEST_F(Storage, WhileTheControllerComesAnotherScsiDiskWaits) {
    add(1, "a", file("f"), "virtio-scsi");
    const int first = drive_;
    EXPECT_THAT(error_of(add(2, "b", file("g"), "virtio-scsi")), HasSubstr("EBUSY"));
    drive_ = first;
    EXPECT_THAT(lines(storage_.answered(first, "no such bus")), ElementsAre("trouble no such bus", HasSubstr("EIO")));
    EXPECT_THAT(run(add(3, "b", file("g"), "virtio-scsi")).front(), HasSubstr("virtio-scsi-pci")) << "its port is free again";
}

TEST_F(Storage, AControllerFromTheStartNeedsNoPort) {
    ServeControl control = offer({});
    control.controller = "scsi0";
    storage_ = HotStorage(control);
    EXPECT_THAT(run(add(1, "a", file("f"), "virtio-scsi")).back(), "end 1 done");
    EXPECT_THAT(error_of(add(2, "b", file("g"))), HasSubstr("NotSupported{\"reason\":"));
}

TEST_F(Storage, RefusalsByName) {
    run(add(1, "v", file("f")));
    EXPECT_THAT(error_of(add(2, "v", file("g"))), "end 2 io.systemd.MachineInstance.StorageExists{}");
    EXPECT_THAT(error_of(add(2, "image", file("g"))), "end 2 io.systemd.MachineInstance.StorageExists{}");
    EXPECT_THAT(error_of(add(2, "w", file("g"), "floppy")), "end 2 io.systemd.MachineInstance.BadConfig{}");
    EXPECT_THAT(error_of(add(2, "w", file("g"), "nvme")), "end 2 io.systemd.MachineInstance.ConfigNotSupported{}");
    EXPECT_THAT(error_of(add(2, "w", {.problem = EBADF})), HasSubstr("EBADF"));
    EXPECT_THAT(error_of(add(2, "w", file("f"))), HasSubstr("EBUSY")) << "the file is the other's";
    EXPECT_THAT(error_of(lines(storage_.remove(3, {"image"}))), "end 3 io.systemd.MachineInstance.StorageImmutable{}");
    EXPECT_THAT(error_of(lines(storage_.remove(3, {"x"}))), "end 3 io.systemd.MachineInstance.NoSuchStorage{}");
    EXPECT_THAT(error_of(lines(storage_.replace(3, {"image", 0}, file("g")))), "end 3 io.systemd.MachineInstance.StorageImmutable{}");
    EXPECT_THAT(error_of(lines(storage_.replace(3, {"x", 0}, file("g")))), "end 3 io.systemd.MachineInstance.NoSuchStorage{}");
    EXPECT_THAT(error_of(lines(storage_.replace(3, {"v", 0}, file("g", false)))), HasSubstr("EROFS"));
}

TEST_F(Storage, ReadersMayShareAFile) {
    run(add(1, "a", file("f", false)));
    EXPECT_THAT(run(add(2, "b", file("f", false))).back(), "end 2 done");
}

TEST_F(Storage, WhatFailsIsTakenBackFromTheEnd) {
    add(1, "v", file("f"));
    ok();  // add-fd
    ok();  // the file's node
    ok();  // remove-fd
    ok();  // the format's node
    EXPECT_THAT(lines(storage_.answered(drive_, "no such device")),
                ElementsAre("trouble no such device", R"(blockdev-del {"node-name":"hot1"})"));
    EXPECT_THAT(ok(), ElementsAre(R"(blockdev-del {"node-name":"hot1-file0"})"));
    EXPECT_THAT(ok(), ElementsAre(R"(remove-fd {"fdset-id":1001})"));
    EXPECT_THAT(lines(storage_.answered(drive_, "it is gone already")), ElementsAre(HasSubstr("end 1 io.systemd.System")));
    EXPECT_THAT(run(add(2, "v", file("f"))).back(), "end 2 done") << "name, file and port are free again";
}

TEST_F(Storage, AnImageThatOthersHaveLockedIsBusy) {
    add(1, "v", file("f"));
    ok();
    EXPECT_THAT(lines(storage_.answered(drive_, "Failed to get \"write\" lock")).front(), StartsWith("trouble"));
    EXPECT_THAT(ok(), ElementsAre(HasSubstr("EBUSY")));
}

TEST_F(Storage, ADiskGoesWhenTheGuestLetsGo) {
    run(add(1, "v", file("f")));
    EXPECT_THAT(lines(storage_.remove(2, {"v"})), ElementsAre(R"(device_del {"id":"hot1-disk"})"));
    EXPECT_THAT(error_of(lines(storage_.remove(3, {"v"}))), HasSubstr("EBUSY"));
    EXPECT_THAT(ok(), ElementsAre("end 2 done"));
    EXPECT_THAT(error_of(add(3, "v", file("f"))), HasSubstr("EBUSY")) << "the guest has it still";
    EXPECT_THAT(lines(storage_.device_gone("hot1-disk")), ElementsAre(R"(blockdev-del {"node-name":"hot1"})"));
    EXPECT_THAT(lines(storage_.device_gone("hot1-disk")), IsEmpty());
    EXPECT_THAT(ok(), ElementsAre(R"(blockdev-del {"node-name":"hot1-file0"})"));
    EXPECT_THAT(ok(), IsEmpty());
    EXPECT_THAT(run(add(4, "v", file("f"))).back(), "end 4 done");
}

TEST_F(Storage, ADeviceMayBeGoneBeforeTheAnswer) {
    run(add(1, "v", file("f")));
    storage_.remove(2, {"v"});
    EXPECT_THAT(lines(storage_.device_gone("hot1-disk")), IsEmpty());
    EXPECT_THAT(ok(), ElementsAre("end 2 done", R"(blockdev-del {"node-name":"hot1"})"));
}

TEST_F(Storage, AGuestMayEjectUnasked) {
    run(add(1, "v", file("f")));
    EXPECT_THAT(lines(storage_.device_gone("hot1-disk")), ElementsAre(R"(blockdev-del {"node-name":"hot1"})"));
    EXPECT_THAT(lines(storage_.device_gone("console0")), IsEmpty());
}

TEST_F(Storage, AGuestThatKeepsADiskMayBeAskedAgain) {
    run(add(1, "v", file("f")));
    storage_.remove(2, {"v"});
    ok();
    EXPECT_THAT(lines(storage_.unplug_refused("hot1-disk")), IsEmpty());
    EXPECT_THAT(lines(storage_.remove(3, {"v"})), ElementsAre(R"(device_del {"id":"hot1-disk"})"));
    EXPECT_THAT(lines(storage_.answered(drive_, "not now")), ElementsAre("trouble not now", HasSubstr("end 3 io.systemd.System")));
    EXPECT_THAT(lines(storage_.remove(4, {"v"})), ElementsAre(R"(device_del {"id":"hot1-disk"})"));
}

TEST_F(Storage, AnotherFileTakesThePlaceOfTheFirst) {
    run(add(1, "v", file("f")));
    const auto steps = run(lines(storage_.replace(2, {"v", 0}, file("g"))));
    ASSERT_EQ(steps.size(), 6U);
    EXPECT_EQ(steps.at(0), R"(add-fd {"fdset-id":1002} passed)");
    EXPECT_THAT(steps.at(1), HasSubstr(R"("node-name":"hot1-file1","filename":"/dev/fdset/1002")"));
    EXPECT_EQ(
        steps.at(3),
        R"(blockdev-reopen {"options":[{"driver":"raw","node-name":"hot1","file":"hot1-file1","read-only":false,"discard":"unmap"}]})");
    EXPECT_EQ(steps.at(4), R"(blockdev-del {"node-name":"hot1-file0"})");
    EXPECT_EQ(steps.at(5), "end 2 done");
    EXPECT_THAT(run(add(3, "w", file("f"))).back(), "end 3 done") << "the first file is free";
    storage_.device_gone("hot1-disk");
    drive_ = 1;
    EXPECT_THAT(ok(), ElementsAre(R"(blockdev-del {"node-name":"hot1-file1"})"));
}

TEST_F(Storage, AReplacementThatFailsLeavesWhatWas) {
    run(add(1, "v", file("f")));
    lines(storage_.replace(2, {"v", 0}, file("g")));
    ok();
    ok();
    ok();
    EXPECT_THAT(lines(storage_.answered(drive_, "cannot")), ElementsAre("trouble cannot", R"(blockdev-del {"node-name":"hot1-file1"})"));
    ok();
    EXPECT_THAT(ok(), ElementsAre(HasSubstr("EIO")));
    EXPECT_THAT(error_of(add(3, "w", file("f"))), HasSubstr("EBUSY"));
    EXPECT_THAT(lines(storage_.device_gone("hot1-disk")), ElementsAre(R"(blockdev-del {"node-name":"hot1"})"));
    drive_ = 1;
    EXPECT_THAT(ok(), ElementsAre(R"(blockdev-del {"node-name":"hot1-file0"})"));
}

TEST_F(Storage, QemuThatIsGoneAnswersNobody) {
    add(1, "v", file("f"));
    ok();
    const auto said = lines(storage_.answered(drive_, "", true));
    EXPECT_THAT(said, ElementsAre(StartsWith("remove-fd")));
    EXPECT_THAT(lines(storage_.answered(drive_, "", true)), ElementsAre("end 1 io.systemd.MachineInstance.NotConnected{}"));
    EXPECT_THAT(lines(storage_.answered(99, "")), IsEmpty());
}

TEST_F(Storage, ANameThatIsNoSerialNumberGetsOne) {
    EXPECT_THAT(run(add(1, "a name with blanks", file("f"))).at(4), HasSubstr(R"("serial":"hot1")"));
    EXPECT_THAT(run(add(2, std::string(21, 'a'), file("g"))).at(4), HasSubstr(R"("serial":"hot2")"));
}

}  // namespace
}  // namespace vmspawn
