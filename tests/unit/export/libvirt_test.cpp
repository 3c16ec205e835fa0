#include "unit/export/exported.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kernel = "name = \"dev\"\nboot.linux = \"vmlinuz\"\n";

Export libvirt(const std::string& text, const std::vector<std::string>& flags = {}) {
    return exported("libvirt", text, flags);
}

TEST(Libvirt, PathsAreAbsolute) {
    const Export out = libvirt(kernel + "boot.initrd = [\"~/a\"]\n[drive.x]\npath = \"../b\"\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<kernel>/srv/vm/vmlinuz<"), HasSubstr("<initrd>/home/ann/a<"), HasSubstr("file=\"/srv/b\"")));
    EXPECT_THAT(out.losses, IsEmpty());
}

TEST(Libvirt, FirmwareIsAskedForWhereTheMachineHasIt) {
    EXPECT_THAT(libvirt(disk).text, HasSubstr("<os firmware=\"efi\">"));
    EXPECT_THAT(libvirt(kernel).text, Not(HasSubstr("firmware=")));
    EXPECT_THAT(libvirt(disk + "boot.firmware = \"bios\"\n").text, Not(HasSubstr("firmware=")));
    EXPECT_THAT(libvirt("name = \"dev\"\nboot.linux = \"linux.efi\"\n").text, HasSubstr("<os firmware=\"efi\">"));
    EXPECT_THAT(libvirt(disk + "boot.secure-boot = true\n").text, HasSubstr("<feature enabled=\"yes\" name=\"secure-boot\" />"));
}

TEST(Libvirt, WordsGoByTheChannelThatTheKernelReads) {
    EXPECT_THAT(libvirt(kernel + "boot.cmdline = [\"a\", \"b\"]\n").text, HasSubstr("<cmdline>console=hvc0 a b</cmdline>"));
    EXPECT_THAT(libvirt(disk + "boot.cmdline = [\"a\"]\n").text, HasSubstr("<entry>io.systemd.stub.kernel-cmdline-extra=console=hvc0 a<"));
    EXPECT_THAT(lost_keys(libvirt(disk + "boot.firmware = \"bios\"\nboot.cmdline = [\"a\"]\n")), ElementsAre("boot.cmdline"));
}

TEST(Libvirt, ARootThatVmspawnWouldFindIsMissed) {
    EXPECT_THAT(lost_keys(libvirt(disk + "boot.linux = \"k\"\n")), ElementsAre("boot.linux"));
    EXPECT_THAT(libvirt(disk + "boot.linux = \"k\"\nboot.cmdline = [\"root=/dev/vda1\"]\n").losses, IsEmpty());
}

TEST(Libvirt, DisksHaveTheirOrder) {
    const Export out = libvirt(disk + R"([drive.first]
path = "/a"
boot-order = 0
[drive.cd]
path = "/b"
disk-type = "scsi-cd"
[drive.last]
path = "/dev/sdz"
disk-type = "virtio-scsi"
boot-order = 7
)");
    EXPECT_THAT(out.text,
                AllOf(HasSubstr("dev=\"vdb\" bus=\"virtio\" />\n      <boot order=\"1\""),
                      HasSubstr("dev=\"vda\" bus=\"virtio\" />\n      <boot order=\"2\""),
                      HasSubstr("<target dev=\"sda\" bus=\"scsi\" />\n      <readonly />\n      <serial>b</serial>"),
                      HasSubstr("<source dev=\"/dev/sdz\" />\n      <target dev=\"sdb\" bus=\"scsi\" />\n      <boot order=\"3\""),
                      HasSubstr("<controller type=\"scsi\" model=\"virtio-scsi\" />")));
    EXPECT_THAT(out.losses, IsEmpty());
}

TEST(Libvirt, WhatIsOnlyReadIsNotSharedForWriting) {
    const Export out = libvirt(kernel + "[mount.x]\nsource = \"/x\"\ntarget = \"/a b\"\nread-only = true\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<readonly />"), HasSubstr("fstab.extra=x /a\\040b virtiofs ro,x-initrd.mount 0 0\n"),
                                HasSubstr("<source type=\"memfd\" />")));
    EXPECT_THAT(out.losses, IsEmpty());
}

TEST(Libvirt, ATreeIsTheRoot) {
    const Export out = libvirt(kernel + "image.directory = \"tree\"\nimage.private-users = \"1000:10\"\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<source dir=\"/srv/vm/tree\" />\n      <target dir=\"root\" />"),
                                HasSubstr("<uid start=\"0\" target=\"1000\" count=\"10\" />"),
                                HasSubstr("console=hvc0 root=root rootfstype=virtiofs rw")));
    EXPECT_THAT(lost_keys(libvirt("name = \"dev\"\nimage.directory = \"tree\"\n")), ElementsAre("image.directory"));
}

TEST(Libvirt, PortsAreForwardedByPasst) {
    const Export out = libvirt(kernel + "[network.x]\nforward = [\"8080:80\", \"0:22\", \"[::1]:9000-9002:90-92/udp\"]\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<backend type=\"passt\" />"), HasSubstr("<range start=\"8080\" to=\"80\" />"),
                                HasSubstr("proto=\"udp\" address=\"::1\""), HasSubstr("<range start=\"9000\" end=\"9002\" to=\"90\" />")));
    EXPECT_THAT(lost_keys(out), ElementsAre("network.x.forward[1]"));
    EXPECT_THAT(lost_keys(libvirt(kernel + "[network.x]\nbackend = \"qemu\"\nforward = [\"8080:80\"]\n")),
                ElementsAre("network.x.forward"));
}

TEST(Libvirt, ATapHasTheNameThatNetworkdLooksFor) {
    EXPECT_THAT(libvirt(kernel + "[network.x]\nkind = \"tap\"\n").text, HasSubstr("<target dev=\"vt-dev\" managed=\"yes\" />"));
}

TEST(Libvirt, AFileMayCarryACredential) {
    const Export out = libvirt(kernel + "[credentials]\n\"a.b\" = { file = \"/x\" }\ntext = \"secret\"\n" +
                               "\"a.credential.with.a.long.name\" = { file = \"/y\" }\n");
    EXPECT_THAT(out.text, HasSubstr("<entry name=\"opt/io.systemd.credentials/a.b\" file=\"/x\" />"));
    EXPECT_THAT(lost_keys(out), ElementsAre("credentials.\"a.credential.with.a.long.name\"", "credentials.text"));
}

TEST(Libvirt, AConfidentialGuestStaysOne) {
    const Export out =
        libvirt(kernel + "boot.confidential = \"sev-snp\"\n[mount.x]\nsource = \"/x\"\n[credentials]\na = { file = \"/a\" }\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<launchSecurity type=\"sev-snp\" kernelHashes=\"yes\">"), HasSubstr("<os firmware=\"efi\">"),
                                HasSubstr("systemd.mount-extra=x:/x:virtiofs:rw,x-initrd.mount"), Not(HasSubstr("oemStrings"))));
    EXPECT_THAT(lost_keys(out), ElementsAre("credentials.a"));
    EXPECT_THAT(libvirt(kernel + "boot.confidential = \"tdx\"\n").text, HasSubstr("<launchSecurity type=\"tdx\">"));
}

TEST(Libvirt, AProcessorHasAModelAndFeatures) {
    EXPECT_THAT(libvirt(kernel + "qemu.cpu = \"host\"\n").text, HasSubstr("<cpu mode=\"host-passthrough\" />"));
    const Export out = libvirt(kernel + "qemu.cpu = \"EPYC,+svm,-avx2,pmu=off,level=2\"\n");
    EXPECT_THAT(out.text, AllOf(HasSubstr("<model fallback=\"forbid\">EPYC</model>"), HasSubstr("policy=\"require\" name=\"svm\""),
                                HasSubstr("policy=\"disable\" name=\"avx2\""), HasSubstr("policy=\"disable\" name=\"pmu\"")));
    EXPECT_THAT(lost_keys(out), ElementsAre("qemu.cpu"));
}

TEST(Libvirt, WhatXmlCannotHoldIsSaid) {
    const Export out = libvirt(kernel + "description = \"a\\u0001b & <c>\"\n");
    EXPECT_THAT(out.text, HasSubstr("<description>ab &amp; &lt;c&gt;</description>"));
    EXPECT_THAT(lost_keys(out), ElementsAre("description"));
}

TEST(Libvirt, ACommentEndsWhereItShould) {
    const Export out = libvirt(kernel + "[network.\"a--b-->\"]\nkind = \"tap\"\nbackend = \"qemu\"\n");
    EXPECT_THAT(out.text, HasSubstr("<!-- lost: network.\"a- -b- ->\".backend: "));
}

TEST(Libvirt, AnotherArchitectureIsEmulated) {
    const Export out = libvirt(kernel, {"--arch=aarch64", "--console-transport=serial"});
    EXPECT_THAT(out.text, AllOf(HasSubstr("<domain type=\"qemu\">"), HasSubstr("<type arch=\"aarch64\" machine=\"virt\">hvm</type>"),
                                HasSubstr("console=ttyAMA0"), Not(HasSubstr("<acpi"))));
}

TEST(Libvirt, LossesAreProblemsWithAPlace) {
    const Export out = libvirt(kernel + "[ready]\nnotify = true\n");
    EXPECT_EQ(losses_as_problems("libvirt", out, false).status(), 0);
    const Diagnostics found = losses_as_problems("libvirt", out, true);
    EXPECT_EQ(found.status(), EOPNOTSUPP);
    EXPECT_EQ(to_string(found.begin()->at), "dev.vmspawn:4:10");
    EXPECT_THAT(lost_keys(out), Contains("ready.notify"));
}

}  // namespace
}  // namespace vmspawn
