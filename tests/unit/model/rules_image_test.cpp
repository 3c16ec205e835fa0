#include "broken.hpp"

namespace vmspawn {
namespace {

TEST(ImageRules, OneRoot) {
    Machine m = disk_machine();
    expect_kept("one-root", m);
    m.image.directory = "/srv/tree";
    say(m, "image.directory");
    m.origins["image.path"] = FromHost{"elsewhere"};
    expect_broken("one-root", m, {"image.directory"});
    say(m, "image.path");  // by a flag: the flag is what to look at
    expect_broken("one-root", m, {"image.path"});
    EXPECT_EQ(verdict("one-root", m).notes, std::vector<std::string>{"image.directory"});
}

TEST(ImageRules, SomethingToBoot) {
    Machine m;
    expect_broken("something-to-boot", m, {""});
    say(m, "");
    expect_broken("something-to-boot", m, {""});
    EXPECT_TRUE(verdict("something-to-boot", m).notes.empty());
    m.image.by_name = true;
    expect_kept("something-to-boot", m);
    expect_kept("something-to-boot", disk_machine());
    expect_kept("something-to-boot", kernel_machine());
    m = Machine{};
    m.drives.push_back({.name = "a", .path = "/srv/a.raw"});
    expect_kept("something-to-boot", m);
    m = Machine{};
    m.qemu.extra = {"-cdrom", "/srv/a.iso"};
    expect_kept("something-to-boot", m);
    m = Machine{};
    m.boot.initrds = {"/srv/initrd"};  // initrd-needs-kernel tells
    expect_kept("something-to-boot", m);
}

TEST(ImageRules, AKernelNeedsARoot) {
    Machine m = kernel_machine();
    m.boot.initrds.clear();
    expect_broken("something-to-boot", m, {"boot.linux"});
    m.boot.cmdline = {"quiet", "root=/dev/nfs"};
    expect_kept("something-to-boot", m);
    m.boot.cmdline.clear();
    m.boot.linux_image = "/srv/system.efi";  // a unified kernel image has its initrd inside
    expect_kept("something-to-boot", m);
}

TEST(ImageRules, ImageSettingsNeedImage) {
    Machine m = kernel_machine();
    expect_kept("image-settings-need-image", m);
    for (const char* key : {"image.format", "image.backing", "image.disk-type", "image.discard", "image.grow"})
        say(m, key);
    expect_broken("image-settings-need-image", m, {"image.format", "image.backing", "image.disk-type", "image.discard", "image.grow"});
    m.drives.push_back({.name = "a", .path = "/srv/a.raw"});  // takes the disk type
    expect_broken("image-settings-need-image", m, {"image.format", "image.backing", "image.discard", "image.grow"});
    m.image.path = "/srv/a.raw";
    expect_kept("image-settings-need-image", m);
}

TEST(ImageRules, EphemeralNeedsRoot) {
    Machine m = kernel_machine();
    m.image.ephemeral = true;
    say(m, "image.ephemeral");
    expect_broken("ephemeral-needs-root", m, {"image.ephemeral"});
    m.image.directory = "/srv/tree";
    expect_kept("ephemeral-needs-root", m);
}

TEST(ImageRules, EphemeralWithDrivesIsFine) {
    Machine m = disk_machine();
    m.image.ephemeral = true;
    say(m, "image.ephemeral");
    m.drives.push_back({.name = "a", .path = "/srv/b.raw"});
    Diagnostics found;
    judge(m, found);
    EXPECT_TRUE(found.empty());
}

TEST(ImageRules, PrivateUsersNeedDirectory) {
    Machine m = disk_machine();
    m.image.private_users = IdShift{100000, 65536};
    say(m, "image.private-users");
    expect_broken("private-users-need-directory", m, {"image.private-users"});
    m.image.path.reset();
    m.image.directory = "/srv/tree";
    expect_kept("private-users-need-directory", m);
}

TEST(ImageRules, CdIsReadOnly) {
    Machine m = disk_machine();
    m.image.disk_type = DiskType::scsi_cd;
    expect_kept("cd-is-read-only", m);
    m.image.grow = 4096;
    m.image.ephemeral = true;
    for (const char* key : {"image.grow", "image.ephemeral", "image.discard"})
        say(m, key);
    expect_broken("cd-is-read-only", m, {"image.grow", "image.ephemeral", "image.discard"});
    m.image.disk_type = DiskType::nvme;
    expect_kept("cd-is-read-only", m);
}

TEST(ImageRules, ADriveThatIsACdIsReadOnly) {
    Machine m = disk_machine();
    m.drives.push_back({.name = "a", .path = "/srv/b.iso", .disk_type = DiskType::scsi_cd});
    expect_kept("cd-is-read-only", m);
    say(m, "drive.a.read-only");
    say(m, "drive.a.disk-type");
    expect_broken("cd-is-read-only", m, {"drive.a.read-only"});
    EXPECT_EQ(verdict("cd-is-read-only", m).notes, std::vector<std::string>{"drive.a.disk-type"});
    m.drives[0].read_only = true;
    expect_kept("cd-is-read-only", m);
}

TEST(ImageRules, OneDriveEachFile) {
    Machine m = disk_machine();
    m.drives.push_back({.name = "a", .path = "/srv/b.raw"});
    m.drives.push_back({.name = "b", .path = "/srv/c.raw"});
    say(m, "drive.a.path");
    say(m, "drive.b.path");
    expect_kept("one-drive-each-file", m);
    m.drives[0].path = "/srv/a.raw";
    expect_broken("one-drive-each-file", m, {"drive.a.path"});
    m.drives[1].path = "/srv/a.raw";
    expect_broken("one-drive-each-file", m, {"drive.a.path", "drive.b.path"});
}

TEST(ImageRules, ReadersMayShareAFile) {
    Machine m = disk_machine();
    m.drives.push_back({.name = "a", .path = "/srv/b.raw", .read_only = true});
    m.drives.push_back({.name = "b", .path = "/srv/b.raw", .read_only = true});
    expect_kept("one-drive-each-file", m);
    m.drives[1].read_only = false;
    say(m, "drive.b.path");
    expect_broken("one-drive-each-file", m, {"drive.b.path"});
}

TEST(ImageRules, OneBootOrderEach) {
    Machine m = disk_machine();
    m.drives.push_back({.name = "a", .path = "/srv/b.raw", .boot_order = 2});
    m.drives.push_back({.name = "b", .path = "/srv/c.raw", .boot_order = 3});
    say(m, "drive.a.boot-order");
    say(m, "drive.b.boot-order");
    expect_kept("one-boot-order-each", m);
    m.drives[1].boot_order = 2;
    expect_broken("one-boot-order-each", m, {"drive.b.boot-order"});
    m.drives[1].boot_order = 1;
    expect_broken("one-boot-order-each", m, {"drive.b.boot-order"});
    m.image.path.reset();
    expect_kept("one-boot-order-each", m);
}

}  // namespace
}  // namespace vmspawn
