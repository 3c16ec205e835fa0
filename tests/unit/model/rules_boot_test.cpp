#include "broken.hpp"

namespace vmspawn {
namespace {

TEST(BootRules, RamMaxAboveRam) {
    Machine m = disk_machine();
    m.memory.max = Bytes{4} << 30;
    say(m, "ram-max");
    expect_kept("ram-max-above-ram", m);
    m.memory.max = m.memory.size;
    expect_broken("ram-max-above-ram", m, {"ram-max"});
    m.memory.max = 1024;
    expect_broken("ram-max-above-ram", m, {"ram-max"});
}

TEST(BootRules, RamSlotsNeedMax) {
    Machine m = disk_machine();
    m.memory.slots = 2;
    say(m, "ram-slots");
    expect_broken("ram-slots-need-max", m, {"ram-slots"});
    m.memory.max = Bytes{4} << 30;
    expect_kept("ram-slots-need-max", m);
}

TEST(BootRules, InitrdNeedsKernel) {
    Machine m = kernel_machine();
    expect_kept("initrd-needs-kernel", m);
    m.boot.linux_image.reset();
    expect_broken("initrd-needs-kernel", m, {"boot.initrd"});
    m.image.path = "/srv/a.raw";
    expect_broken("initrd-needs-kernel", m, {"boot.initrd"});
    m.image.path.reset();
    m.image.directory = "/srv/tree";
    expect_broken("initrd-needs-kernel", m, {"boot.initrd"});
    m.boot.linux_image = "/srv/vmlinuz";
    expect_kept("initrd-needs-kernel", m);
}

TEST(BootRules, NoFirmwareNeedsKernel) {
    Machine m = disk_machine();
    m.boot.firmware = FirmwareKind::none;
    say(m, "boot.firmware");
    expect_broken("no-firmware-needs-kernel", m, {"boot.firmware"});
    m.boot.linux_image = "/srv/vmlinuz";
    expect_kept("no-firmware-needs-kernel", m);
}

TEST(BootRules, SecureBootNeedsUefi) {
    Machine m = disk_machine();
    m.boot.secure_boot = Want::yes;
    m.boot.firmware = FirmwareKind::bios;
    say(m, "boot.secure-boot");
    expect_broken("secure-boot-needs-uefi", m, {"boot.secure-boot"});
    m.boot.firmware = FirmwareKind::none;
    expect_broken("secure-boot-needs-uefi", m, {"boot.secure-boot"});
    m.boot.firmware = FirmwareKind::automatic;
    expect_kept("secure-boot-needs-uefi", m);
    m.boot.firmware = FirmwareKind::bios;
    m.boot.secure_boot = Want::no;
    expect_kept("secure-boot-needs-uefi", m);
}

TEST(BootRules, SecureBootAgrees) {
    Machine m = disk_machine();
    m.boot.secure_boot = Want::yes;
    m.boot.firmware_features = {"secure-boot", "~enrolled-keys"};
    say(m, "boot.firmware-features");
    expect_kept("secure-boot-agrees", m);
    m.boot.firmware_features = {"~secure-boot"};
    expect_broken("secure-boot-agrees", m, {"boot.firmware-features"});
    m.boot.secure_boot = Want::no;
    expect_kept("secure-boot-agrees", m);
    m.boot.firmware_features = {"secure-boot"};
    expect_broken("secure-boot-agrees", m, {"boot.firmware-features"});
}

TEST(BootRules, UefiSettingsNeedUefi) {
    Machine m = disk_machine();
    m.boot.firmware_features = {"secure-boot"};
    m.boot.nvram_template = "/srv/vars.fd";
    m.boot.nvram_state = {StateKind::at, "/srv/state"};
    for (const char* key : {"boot.firmware-features", "boot.nvram-template", "boot.nvram-state"})
        say(m, key);
    expect_kept("uefi-settings-need-uefi", m);
    m.boot.firmware = FirmwareKind::bios;
    expect_broken("uefi-settings-need-uefi", m, {"boot.firmware-features", "boot.nvram-template", "boot.nvram-state"});
    m = disk_machine();
    m.boot.firmware = FirmwareKind::bios;
    m.boot.nvram_state.kind = StateKind::off;
    say(m, "boot.nvram-state");
    expect_kept("uefi-settings-need-uefi", m);
}

TEST(BootRules, KernelWordsNeedWay) {
    Machine m = disk_machine();
    m.boot.cmdline = {"quiet"};
    say(m, "boot.cmdline");
    expect_kept("kernel-words-need-way", m);
    m.boot.firmware = FirmwareKind::bios;
    expect_broken("kernel-words-need-way", m, {"boot.cmdline"});
    m.boot.linux_image = "/srv/vmlinuz";
    expect_kept("kernel-words-need-way", m);
}

TEST(BootRules, SmbiosNeedsArch) {
    Machine m = disk_machine();
    m.smbios = {"a=b"};
    say(m, "smbios");
    expect_kept("smbios-needs-arch", m);
    m.arch = Arch::riscv64;
    expect_broken("smbios-needs-arch", m, {"smbios"});
}

Machine confidential(Confidential kind) {
    Machine m = kernel_machine();
    m.boot.confidential = kind;
    say(m, "boot.confidential");
    return m;
}

TEST(BootRules, ConfidentialNeedsKvm) {
    Machine m = confidential(Confidential::tdx);
    expect_kept("confidential-needs-kvm", m);
    m.kvm = Want::no;
    expect_broken("confidential-needs-kvm", m, {"boot.confidential"});
    m.boot.confidential = Confidential::no;
    expect_kept("confidential-needs-kvm", m);
}

TEST(BootRules, ProcessorOfAConfidentialGuestIsNotChosen) {
    Machine m;
    m.qemu.cpu = "max";
    say(m, "qemu.cpu");
    expect_kept("confidential-chooses-cpu", m);
    m.boot.confidential = Confidential::tdx;
    expect_broken("confidential-chooses-cpu", m, {"qemu.cpu"});
}

TEST(BootRules, ConfidentialNeedsX86) {
    Machine m = confidential(Confidential::sev_snp);
    m.arch = Arch::x86_64;
    expect_kept("confidential-needs-x86", m);
    m.arch = Arch::aarch64;
    expect_broken("confidential-needs-x86", m, {"boot.confidential"});
}

TEST(BootRules, ConfidentialNeedsUefi) {
    Machine m = confidential(Confidential::tdx);
    expect_kept("confidential-needs-uefi", m);
    m.boot.firmware = FirmwareKind::bios;
    expect_broken("confidential-needs-uefi", m, {"boot.confidential"});
}

TEST(BootRules, SevSnpNeedsKernel) {
    Machine m = confidential(Confidential::sev_snp);
    expect_kept("sev-snp-needs-kernel", m);
    m.boot.linux_image.reset();
    expect_broken("sev-snp-needs-kernel", m, {"boot.confidential"});
    m.boot.confidential = Confidential::tdx;
    expect_kept("sev-snp-needs-kernel", m);
}

TEST(BootRules, ConfidentialKeepsNoNvram) {
    Machine m = confidential(Confidential::tdx);
    m.boot.nvram_state.kind = StateKind::off;
    expect_kept("confidential-keeps-no-nvram", m);
    m.boot.nvram_template = "/srv/vars.fd";
    m.boot.nvram_state = {StateKind::at, "/srv/state"};
    say(m, "boot.nvram-template");
    say(m, "boot.nvram-state");
    expect_broken("confidential-keeps-no-nvram", m, {"boot.nvram-template", "boot.nvram-state"});
    m.boot.confidential = Confidential::no;
    expect_kept("confidential-keeps-no-nvram", m);
}

TEST(BootRules, ConfidentialTpmIsAWarning) {
    Machine m = confidential(Confidential::tdx);
    expect_kept("confidential-tpm", m);
    m.tpm.enabled = Want::yes;
    say(m, "tpm.enabled");
    expect_broken("confidential-tpm", m, {"tpm.enabled"});
    Diagnostics found;
    judge(m, found);
    EXPECT_FALSE(found.has_errors());
}

}  // namespace
}  // namespace vmspawn
