#include "host/host.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Host example() {
    Host host{.arch = "x86_64", .uid = 1000, .gid = 100, .cpus = 8, .ram = 1ULL << 40U};
    host.net_admin = true;
    host.seed = "0123";
    host.runtime_base = "/run/user/1000";
    host.console = "pipe";
    host.kvm = {false, "no \"hardware\"", "modprobe\tkvm"};
    host.qemu["x86_64"] = {"/usr/bin/q", "7.2.22", {"sandbox", "device/nvme"}, ""};
    host.qemu["aarch64"] = {"", "", {}, "there is none"};
    host.files["/home/ana/vm/disk.raw"] = {FileAnswer::Type::regular, 0, UINT64_MAX, true, false, 7, "1:2:3", "raw"};
    host.files["/home/ana/.ssh/id"] = {FileAnswer::Type::missing, EACCES};
    host.files["/dev/sda"] = {FileAnswer::Type::block, 0, 5, true, true, 0, "block 8:0", "qcow2"};
    host.files["/home/ana/vm"] = {FileAnswer::Type::directory, 0, 0, true, true, 1, "1:2:4", ""};
    host.programs = {{"swtpm", "/home/ana/bin/swtpm"}, {"passt", ""}};
    host.environment = {{"TERM", "xterm"}};
    host.state_base = "/home/ana/.local/state/vmspawn";
    host.kvm.confidential = {"tdx"};
    host.passed_kvm = Kvm{true, "", "", {}};
    host.passed_vsock = true;
    host.rows = 50;
    host.columns = 132;
    host.qemu["x86_64"].machines = {{"q35", "pc-q35-7.2"}};
    host.firmware = {{.path = "/usr/share/qemu/firmware/50-a.json",
                      .description = "A",
                      .interfaces = {"uefi", "bios"},
                      .mapping = Firmware::Mapping::split,
                      .executable = {"/home/ana/vm/code.fd", "qcow2"},
                      .nvram_template = {"/usr/share/vars.fd", "raw"},
                      .targets = {{"x86_64", {"pc-q35-*"}}, {"i386", {}}},
                      .features = {"secure-boot"}},
                     {.path = "/etc/qemu/firmware/60-b.json", .mapping = Firmware::Mapping::memory, .problem = "it is not JSON"}};
    host.descriptors["/home/ana/own.json"] = {.path = "/home/ana/own.json", .executable = {"/x.fd", "raw"}};
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {"readonly", "shared-dir"}};
    host.subuids = {{100000, 65536}};
    host.subgids = {{100000, 65536}, {300000, 1}};
    host.users["ana"] = {.uid = 1000, .gid = 100, .group = "ana", .home = "/home/ana", .shell = "/bin/sh", .password = 106};
    host.users["bo"] = {.error = ENOENT};
    host.networkd = true;
    host.tap_macs = {{"web", Mac{2, 0, 0, 0, 0, 1}}, {"nowhere", std::nullopt}};
    return host;
}

const std::string directory = "/home/ana/vm";
const std::string home = "/home/ana";

TEST(HostJson, RoundTrip) {
    const std::string text = to_json(example(), directory, home);
    const auto read = host_from_json(text, directory, home);
    ASSERT_TRUE(read) << to_string(read.failure());
    EXPECT_EQ(to_json(*read, directory, home), text);
    EXPECT_EQ(read->files.at("/home/ana/vm/disk.raw").size, UINT64_MAX);
    EXPECT_EQ(read->files.at("/home/ana/.ssh/id").error, EACCES);
    EXPECT_EQ(read->files.at("/home/ana/vm").type, FileAnswer::Type::directory);
    EXPECT_EQ(read->qemu.at("x86_64").features, example().qemu.at("x86_64").features);
    EXPECT_EQ(read->qemu.at("aarch64").problem, "there is none");
    EXPECT_EQ(read->programs.at("swtpm"), "/home/ana/bin/swtpm");
    EXPECT_EQ(read->kvm.reason, "no \"hardware\"");
    EXPECT_EQ(read->ram, 1ULL << 40U);
    EXPECT_EQ(read->firmware, example().firmware);
    EXPECT_EQ(read->descriptors, example().descriptors);
    EXPECT_EQ(read->state_base, example().state_base);
    EXPECT_EQ(read->kvm.confidential, example().kvm.confidential);
    EXPECT_TRUE(read->passed_kvm && read->passed_kvm->usable);
    EXPECT_TRUE(read->passed_vsock);
    EXPECT_EQ(read->qemu.at("x86_64").machines, example().qemu.at("x86_64").machines);
    EXPECT_EQ(read->virtiofsd->features, example().virtiofsd->features);
    EXPECT_EQ(read->virtiofsd->version, "1.13.2");
    EXPECT_EQ(read->subuids, example().subuids);
    EXPECT_EQ(read->subgids, example().subgids);
    EXPECT_EQ(read->users, example().users);
    EXPECT_EQ(read->tap_macs, example().tap_macs);
    EXPECT_EQ(read->networkd, true);
}

TEST(HostJson, EveryFileTypeRoundTrips) {
    using Type = FileAnswer::Type;
    for (const Type type : {Type::missing, Type::regular, Type::block, Type::directory, Type::character, Type::fifo, Type::socket}) {
        Host host;
        host.files["/x"].type = type;
        const auto read = host_from_json(to_json(host, "", ""), "", "");
        ASSERT_TRUE(read);
        EXPECT_EQ(read->files.at("/x").type, type);
    }
}

TEST(HostJson, WhatMayBeMeantIsKept) {
    Host host;
    host.files["/x"].near = "y";
    const auto read = host_from_json(to_json(host, "", ""), "", "");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->files.at("/x").near, "y");
}

TEST(HostJson, NobodyAskedForFirmwareAndThereIsNoneAreTwoThings) {
    Host host;
    EXPECT_FALSE(host_from_json(to_json(host, "", ""), "", "")->firmware);
    host.firmware.emplace();
    const auto read = host_from_json(to_json(host, "", ""), "", "");
    ASSERT_TRUE(read->firmware);
    EXPECT_TRUE(read->firmware->empty());
}

TEST(HostJson, PathsMoveWithTheDefinition) {
    const std::string text = to_json(example(), directory, home);
    EXPECT_THAT(text, AllOf(HasSubstr("\"./disk.raw\""), HasSubstr("\"~/.ssh/id\""), HasSubstr("\"~/bin/swtpm\""), HasSubstr("\".\"")));
    EXPECT_THAT(text, Not(HasSubstr("/home/ana")));
    const auto read = host_from_json(text, "/srv/machines", "/root");
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->files.contains("/srv/machines/disk.raw"));
    EXPECT_TRUE(read->files.contains("/srv/machines"));
    EXPECT_TRUE(read->files.contains("/root/.ssh/id"));
    EXPECT_TRUE(read->files.contains("/dev/sda"));
    EXPECT_EQ(read->programs.at("swtpm"), "/root/bin/swtpm");
    EXPECT_EQ(to_json(*read, "/srv/machines", "/root"), text);
}

TEST(HostJson, WhatAnImageRestsOnIsKept) {
    Host host;
    FileAnswer& top = host.files["/home/ana/vm/top.qcow2"];
    top.type = FileAnswer::Type::regular;
    top.format = "qcow2";
    top.target = "/home/ana/vm/images/top.qcow2";
    top.qcow2 =
        Qcow2Facts{.size = 5, .backing = "/home/ana/vm/base.raw", .backing_format = "raw", .has_data_file = true, .data_file = "nbd://x"};
    FileAnswer& broken = host.files["/srv/broken.qcow2"] = top;
    broken.qcow2 = Qcow2Facts{.backing = "json:{}", .problem = "it is encrypted"};
    const std::string text = to_json(host, directory, home);
    EXPECT_THAT(text, AllOf(HasSubstr("nbd:"), HasSubstr("/base.raw\""), Not(HasSubstr("/home/ana"))));
    const auto read = host_from_json(text, directory, home);
    ASSERT_TRUE(read);
    EXPECT_EQ(to_json(*read, directory, home), text);
    const FileAnswer& again = read->files.at("/home/ana/vm/top.qcow2");
    EXPECT_EQ(again.target, top.target);
    EXPECT_EQ(again.qcow2->size, 5U);
    EXPECT_EQ(again.qcow2->backing, "/home/ana/vm/base.raw");
    EXPECT_EQ(again.qcow2->backing_format, "raw");
    EXPECT_EQ(again.qcow2->data_file, "nbd://x");
    EXPECT_EQ(read->files.at("/srv/broken.qcow2").qcow2->problem, "it is encrypted");
    EXPECT_EQ(read->files.at("/srv/broken.qcow2").qcow2->backing, "json:{}");
    EXPECT_FALSE(read->files.at("/srv/broken.qcow2").qcow2->has_data_file);
}

TEST(HostJson, NeighboursAndTheRootDirectoryAreNoBase) {
    Host host;
    host.files["/home/anabel/x"] = {};
    host.files["/x"] = {};
    EXPECT_THAT(to_json(host, "/home/ana", "/"), AllOf(HasSubstr("\"/home/anabel/x\""), HasSubstr("\"/x\"")));
    EXPECT_THAT(to_json(host, "/", ""), HasSubstr("\"/x\""));
    EXPECT_THAT(to_json(host, "/home/anabel/", ""), HasSubstr("\"./x\""));
}

TEST(HostJson, OlderRecordsKnowLessOfTaps) {
    Host host;
    EXPECT_FALSE(host_from_json(to_json(host, "", ""), "", "")->tap_macs);
    EXPECT_FALSE(host_from_json(to_json(host, "", ""), "", "")->networkd.has_value());
    host.tap_macs.emplace();
    EXPECT_TRUE(host_from_json(to_json(host, "", ""), "", "")->tap_macs);
}

TEST(HostJson, KeysAreSortedAndVersioned) {
    const std::string text = to_json(example(), directory, home);
    EXPECT_LT(text.find("\"arch\""), text.find("\"console\""));
    EXPECT_LT(text.find("\"uid\""), text.find("\"version\": 1"));
}

TEST(HostJson, NamesThatAreNotUtf8DoNotThrow) {
    Host host;
    host.files["/\xff\xfe"] = {};
    EXPECT_TRUE(host_from_json(to_json(host, "", ""), "", ""));
}

std::string complaint(std::string_view text) {
    const auto read = host_from_json(text, directory, home);
    if (read)
        return "accepted";
    EXPECT_EQ(read.failure().error, EINVAL);
    return read.failure().detail;
}

std::string changed(const std::string& from, const std::string& to) {
    std::string text = to_json(example(), directory, home);
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(HostJson, OtherVersionsAreRefused) {
    EXPECT_THAT(complaint(changed("\"version\": 1", "\"version\": 2")), HasSubstr("version is 2, and this vmspawn reads version 1"));
    EXPECT_THAT(complaint(changed("\"version\": 1", "\"version\": 1.0")), HasSubstr("version is not a whole number"));
    EXPECT_THAT(complaint("{}"), HasSubstr("not a recorded host"));
    EXPECT_THAT(complaint("[]"), HasSubstr("not a recorded host"));
}

TEST(HostJson, MalformedFirmwareIsNamed) {
    EXPECT_THAT(complaint(changed(R"("mapping": "memory")", R"("mapping": "kernel")")), HasSubstr("firmware[1].mapping is no mapping"));
    EXPECT_THAT(complaint(changed(R"("secure-boot")", "7")), HasSubstr("firmware[0].features holds what is not a string"));
    EXPECT_THAT(complaint(changed(R"("description": "A")", R"("description": "A", "x": 1)")), HasSubstr("firmware[0].x is not known"));
}

TEST(HostJson, MalformedMembersAreNamed) {
    EXPECT_THAT(complaint(changed("\"cpus\": 8", "\"cpus\": -8")), HasSubstr("cpus is not a number in range"));
    EXPECT_THAT(complaint(changed("\"cpus\": 8", "\"cpus\": 4294967296")), HasSubstr("cpus"));
    EXPECT_THAT(complaint(changed("\"cpus\": 8", "\"cpus\": 8.5")), HasSubstr("cpus"));
    EXPECT_THAT(complaint(changed("\"ram\": 1099511627776", "\"ram\": 99999999999999999999")), HasSubstr("ram"));
    EXPECT_THAT(complaint(changed("\"cpus\"", "\"cpsu\"")), HasSubstr("cpus is missing"));
    EXPECT_THAT(complaint(changed("\"cpus\": 8", "\"cpus\": 8, \"x\": 1")), HasSubstr("x is not known to this version"));
    EXPECT_THAT(complaint(changed("\"type\": \"block\"", "\"type\": \"blok\"")), HasSubstr("files./dev/sda.type"));
    EXPECT_THAT(complaint(changed("\"usable\": false", "\"usable\": 0")), HasSubstr("kvm.usable"));
    EXPECT_THAT(complaint(changed("\"device/nvme\"", "7")), HasSubstr("qemu.x86_64.features"));
    EXPECT_THAT(complaint(changed("\"/dev/sda\"", "\"dev/sda\"")), HasSubstr("starts with none of"));
    EXPECT_THAT(complaint(changed("\"passt\": \"\"", "\"passt\": null")), HasSubstr("programs.passt"));
    EXPECT_THAT(complaint(changed("\"02:00:00:00:00:01\"", "\"02:00\"")), HasSubstr("tap_macs.web is no hardware address"));
    EXPECT_THAT(complaint(changed("\"password_bytes\": 106", "\"password_bytes\": \"x\"")), HasSubstr("users.ana.password_bytes"));
}

TEST(HostJson, HugeDeepAndBrokenTextIsRefused) {
    EXPECT_THAT(complaint(""), HasSubstr("not JSON"));
    EXPECT_THAT(complaint("{\"version\": 1"), HasSubstr("not JSON"));
    EXPECT_THAT(complaint(std::string(2'000'000, '[')), HasSubstr("deeper"));
    EXPECT_THAT(complaint(std::string((16U << 20U) + 1, ' ')), HasSubstr("larger"));
    EXPECT_THAT(complaint("{\"version\": 1e999}"), HasSubstr("not JSON"));
    EXPECT_THAT(complaint(std::string("{\"version\": 1}\0{}", 17)), HasSubstr("not JSON"));
}

TEST(HostJson, UnknownHomeIsAnErrorOnlyWhenNeeded) {
    const std::string text = to_json(example(), directory, home);
    EXPECT_FALSE(host_from_json(text, directory, ""));
    Host host;
    EXPECT_TRUE(host_from_json(to_json(host, "", ""), "", ""));
}

}  // namespace
}  // namespace vmspawn
