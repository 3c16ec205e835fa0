// Rules about memory, kernel, firmware and confidential guests.
#include "base/text.hpp"
#include "model/rule_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmspawn::check {

namespace {

bool has_kernel(const Machine& m) {
    return m.boot.linux_image || m.image.directory || m.image.by_name;
}

bool is_confidential(const Machine& m) {
    return m.boot.confidential != Confidential::no;
}

bool has_feature(const Machine& m, std::string_view feature) {
    return std::ranges::find(m.boot.firmware_features, feature) != m.boot.firmware_features.end();
}

std::string confidential_word(const Machine& m) {
    return fmt::format("boot.confidential = \"{}\"", to_word(m.boot.confidential));
}

}  // namespace

void ram_max_above_ram(const Machine& m, Diagnostics& found) {
    if (m.memory.max && *m.memory.max <= m.memory.size)
        found.add(conflict(m, "ram-max", "ram-max is not more than ram", "it is the size that ram may grow to", "ram"));
}

void ram_slots_need_max(const Machine& m, Diagnostics& found) {
    if (m.memory.slots && !m.memory.max)
        found.add(conflict(m, "ram-slots", "ram-slots needs ram-max", "say how far ram may grow"));
}

void initrd_needs_kernel(const Machine& m, Diagnostics& found) {
    if (m.boot.initrds.empty() || m.boot.linux_image)
        return;
    std::string_view hint = "add boot.linux";
    if (m.image.path)
        hint = "add boot.linux; a kernel inside the image brings its own initrd";
    else if (m.image.directory || m.image.by_name)
        hint = "add boot.linux; a kernel that is found in the tree brings its own initrds";
    found.add(conflict(m, "boot.initrd", "boot.initrd needs boot.linux", std::string(hint),
                       m.image.directory ? "image.directory" : "image.path"));
}

void no_firmware_needs_kernel(const Machine& m, Diagnostics& found) {
    if (m.boot.firmware == FirmwareKind::none && !has_kernel(m))
        found.add(conflict(m, "boot.firmware", "boot.firmware = \"none\" needs boot.linux",
                           "without firmware nothing can start a kernel from a disk"));
}

void secure_boot_needs_uefi(const Machine& m, Diagnostics& found) {
    if (m.boot.secure_boot == Want::yes && without_uefi(m))
        found.add(conflict(m, "boot.secure-boot",
                           fmt::format("boot.secure-boot needs UEFI, not boot.firmware = \"{}\"", to_word(m.boot.firmware)),
                           "secure boot is a service of UEFI firmware", "boot.firmware"));
}

void secure_boot_agrees(const Machine& m, Diagnostics& found) {
    const bool wanted_off = m.boot.secure_boot == Want::no && has_feature(m, "secure-boot");
    const bool wanted_on = m.boot.secure_boot == Want::yes && has_feature(m, "~secure-boot");
    if (wanted_off || wanted_on)
        found.add(conflict(m, "boot.firmware-features", "boot.firmware-features contradicts boot.secure-boot",
                           "leave the feature secure-boot to boot.secure-boot", "boot.secure-boot"));
}

void uefi_settings_need_uefi(const Machine& m, Diagnostics& found) {
    if (!without_uefi(m))
        return;
    const auto refuse = [&](std::string_view key) {
        found.add(conflict(m, key, fmt::format("{} needs UEFI, not boot.firmware = \"{}\"", key, to_word(m.boot.firmware)),
                           "only UEFI firmware has features and variables", "boot.firmware"));
    };
    if (!m.boot.firmware_features.empty() && m.said("boot.firmware-features"))
        refuse("boot.firmware-features");
    if (m.boot.nvram_template)
        refuse("boot.nvram-template");
    if (m.boot.nvram_state.kind == StateKind::at)
        refuse("boot.nvram-state");
}

void kernel_words_need_way(const Machine& m, Diagnostics& found) {
    if (!m.boot.cmdline.empty() && m.boot.firmware == FirmwareKind::bios && !has_kernel(m))
        found.add(conflict(m, "boot.cmdline", "boot.cmdline cannot reach a kernel that BIOS firmware starts from a disk",
                           "add boot.linux, or use UEFI firmware", "boot.firmware"));
}

void smbios_needs_arch(const Machine& m, Diagnostics& found) {
    if (!m.smbios.empty() && m.arch == Arch::riscv64)
        found.add(conflict(m, "smbios", "smbios strings cannot reach a riscv64 guest", "riscv64 machines have no SMBIOS", "arch"));
}

void confidential_needs_kvm(const Machine& m, Diagnostics& found) {
    if (is_confidential(m) && m.kvm == Want::no)
        found.add(conflict(m, "boot.confidential", confidential_word(m) + " needs KVM", "kvm may not be off", "kvm"));
}

void confidential_chooses_cpu(const Machine& m, Diagnostics& found) {
    if (is_confidential(m) && m.qemu.cpu)
        found.add(conflict(m, "qemu.cpu", "qemu.cpu and " + confidential_word(m) + " exclude each other",
                           "the processor of a confidential guest is part of what it is measured by", "boot.confidential"));
}

void confidential_needs_x86(const Machine& m, Diagnostics& found) {
    if (is_confidential(m) && (m.arch == Arch::aarch64 || m.arch == Arch::riscv64))
        found.add(conflict(m, "boot.confidential", confidential_word(m) + " needs an x86_64 guest", fmt::format("not {}", to_word(m.arch)),
                           "arch"));
}

void confidential_needs_uefi(const Machine& m, Diagnostics& found) {
    if (is_confidential(m) && without_uefi(m))
        found.add(conflict(m, "boot.confidential",
                           fmt::format("{} needs UEFI, not boot.firmware = \"{}\"", confidential_word(m), to_word(m.boot.firmware)),
                           "the firmware is part of what is measured", "boot.firmware"));
}

void sev_snp_needs_kernel(const Machine& m, Diagnostics& found) {
    if (m.boot.confidential == Confidential::sev_snp && !m.boot.linux_image)
        found.add(
            conflict(m, "boot.confidential", "boot.confidential = \"sev-snp\" needs boot.linux", "the kernel is part of what is measured"));
}

void confidential_keeps_no_nvram(const Machine& m, Diagnostics& found) {
    if (!is_confidential(m))
        return;
    const std::string hint = "firmware of a confidential guest keeps no variables";
    if (m.boot.nvram_template)
        found.add(conflict(m, "boot.nvram-template", "boot.nvram-template and " + confidential_word(m) + " exclude each other", hint,
                           "boot.confidential"));
    if (m.boot.nvram_state.kind == StateKind::at)
        found.add(conflict(m, "boot.nvram-state", "a boot.nvram-state path and " + confidential_word(m) + " exclude each other", hint,
                           "boot.confidential"));
}

void confidential_tpm(const Machine& m, Diagnostics& found) {
    if (!is_confidential(m) || m.tpm.enabled != Want::yes)
        return;
    Diagnostic problem = conflict(m, "tpm.enabled", "the host can read and change an emulated TPM",
                                  "it is no part of what boot.confidential protects", "boot.confidential");
    problem.severity = Severity::warning;
    found.add(std::move(problem));
}

}  // namespace vmspawn::check
