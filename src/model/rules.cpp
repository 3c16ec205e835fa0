#include "model/rules.hpp"

#include "model/rule_checks.hpp"

namespace vmspawn {

namespace {

constexpr auto warns = AsSystemdVmspawn::warns;

// In the order of the definition's tables.
constexpr Rule all_rules[] = {
    {"ram-max-above-ram", "ram-max must be more than ram", check::ram_max_above_ram},
    {"ram-slots-need-max", "ram-slots needs ram-max", check::ram_slots_need_max},

    {"one-root", "image.path and image.directory exclude each other", check::one_root},
    {"something-to-boot", "a machine needs image.path, image.directory, a drive, or boot.linux with boot.initrd", check::something_to_boot},
    {"image-settings-need-image", "image.format, image.backing, image.disk-type, image.discard and image.grow need image.path",
     check::image_settings_need_image, warns},
    {"ephemeral-needs-root", "image.ephemeral needs image.path or image.directory", check::ephemeral_needs_root},
    {"ephemeral-excludes-drives", "image.ephemeral excludes drives for callers of systemd-vmspawn", check::ephemeral_excludes_drives,
     AsSystemdVmspawn::only},
    {"private-users-need-directory", "image.private-users needs image.directory", check::private_users_need_directory},
    {"cd-is-read-only", "a scsi-cd disk cannot grow, be ephemeral, be discarded or be writable", check::cd_is_read_only, warns},

    {"initrd-needs-kernel", "boot.initrd needs boot.linux or image.directory", check::initrd_needs_kernel},
    {"no-firmware-needs-kernel", "boot.firmware = \"none\" needs boot.linux or image.directory", check::no_firmware_needs_kernel},
    {"secure-boot-needs-uefi", "boot.secure-boot needs UEFI firmware", check::secure_boot_needs_uefi},
    {"secure-boot-agrees", "boot.secure-boot and boot.firmware-features may not contradict each other", check::secure_boot_agrees},
    {"uefi-settings-need-uefi", "boot.firmware-features, boot.nvram-template and boot.nvram-state need UEFI firmware",
     check::uefi_settings_need_uefi, warns},
    {"kernel-words-need-way", "boot.cmdline reaches a disk's kernel only by UEFI firmware", check::kernel_words_need_way, warns},
    {"smbios-needs-arch", "smbios needs a guest architecture that has SMBIOS (x86_64, aarch64)", check::smbios_needs_arch, warns},
    {"confidential-needs-kvm", "boot.confidential needs KVM", check::confidential_needs_kvm},
    {"confidential-chooses-cpu", "boot.confidential excludes qemu.cpu", check::confidential_chooses_cpu},
    {"confidential-needs-x86", "boot.confidential needs an x86_64 guest", check::confidential_needs_x86},
    {"confidential-needs-uefi", "boot.confidential needs UEFI firmware", check::confidential_needs_uefi},
    {"sev-snp-needs-kernel", "boot.confidential = \"sev-snp\" needs boot.linux", check::sev_snp_needs_kernel},
    {"confidential-keeps-no-nvram", "boot.confidential excludes boot.nvram-template and a boot.nvram-state path",
     check::confidential_keeps_no_nvram},
    {"confidential-tpm", "an emulated TPM is no part of what boot.confidential protects (a warning)", check::confidential_tpm},

    {"tpm-state-needs-tpm", "tpm.state needs a TPM", check::tpm_state_needs_tpm, warns},
    {"tpm-needs-arch", "tpm.enabled needs a guest architecture that has a TPM (x86_64, aarch64)", check::tpm_needs_arch},
    {"vsock-settings-need-vsock", "vsock.cid and vsock.backend need vsock", check::vsock_settings_need_vsock, warns},
    {"forward-needs-user-network", "network.*.forward needs network.*.kind = \"user\"", check::forward_needs_user_network},
    {"backend-needs-user-network", "network.*.backend needs network.*.kind = \"user\"", check::backend_needs_user_network},
    {"one-host-port-each", "two forwards may not listen on one host port", check::one_host_port_each},
    {"one-mac-each", "two networks may not have one hardware address", check::one_mac_each},
    {"mount-target-absolute", "mount.*.target must be an absolute path below the guest's root", check::mount_target_absolute},
    {"one-mount-each-target", "two mounts may not have one target, and none that of a bound user's home", check::one_mount_each_target,
     warns},
    {"one-drive-each-file", "two writable disks may not be one file", check::one_drive_each_file},
    {"one-boot-order-each", "two disks may not have one boot-order (the image has 1)", check::one_boot_order_each},

    {"user-settings-need-bind", "a users.shell path and users.groups need users.bind", check::user_settings_need_bind},
    {"shell-needs-bind", "users.shell = true needs users.bind", check::shell_needs_bind, warns},
    {"bind-no-system-user", "users.bind takes neither root nor nobody", check::bind_no_system_user},
    {"bind-up-to-64", "users.bind takes up to 64 users", check::bind_up_to_64},
    {"credential-ids-taken", "a credential may not have an ID that vmspawn sets itself", check::credential_ids_taken},
    {"journal-limits-need-forward", "journal.max-use, .keep-free, .max-file-size and .max-files need journal.forward",
     check::journal_limits_need_forward},
    {"journal-needs-vsock", "journal.forward needs vsock", check::journal_needs_vsock, warns},
    {"transport-needs-console", "console.transport needs a console other than gui and headless", check::transport_needs_console, warns},
    {"background-needs-terminal", "console.background needs an interactive or read-only console", check::background_needs_terminal, warns},
    {"unit-settings-need-own-unit", "unit.slice and unit.properties exclude unit.keep", check::unit_settings_need_own_unit, warns},
    {"ready-needs-vsock", "ready.notify and ready.timeout need vsock", check::ready_needs_vsock, warns},
    {"ready-timeout-needs-notify", "ready.timeout needs ready.notify", check::ready_timeout_needs_notify},
};

}  // namespace

std::span<const Rule> rules() {
    return all_rules;
}

void judge(const Machine& machine, Diagnostics& found, CalledAs called) {
    for (const Rule& rule : all_rules)
        if (rule.as_systemd_vmspawn != AsSystemdVmspawn::only || called == CalledAs::systemd_vmspawn)
            rule.check(machine, found);
}

Diagnostic left_out(Diagnostic problem) {
    problem.severity = Severity::warning;
    problem.notes.push_back({"callers of systemd-vmspawn may say so; it is left out", FromDefault{}});
    return problem;
}

std::vector<std::string> useless_settings(const Machine& machine, Diagnostics& found) {
    std::vector<std::string> keys;
    for (const Rule& rule : all_rules) {
        Diagnostics problems;
        if (rule.as_systemd_vmspawn == AsSystemdVmspawn::warns)
            rule.check(machine, problems);
        for (Diagnostic problem : problems) {
            keys.push_back(problem.key);
            found.add(left_out(std::move(problem)));
        }
    }
    return keys;
}

bool without_uefi(const Machine& machine) {
    return machine.boot.firmware == FirmwareKind::bios || machine.boot.firmware == FirmwareKind::none;
}

Diagnostic conflict(const Machine& machine, std::string_view key, std::string summary, std::string hint, std::string_view cause) {
    Diagnostic problem = error(std::move(summary), machine.origin_of(key)).with_hint(std::move(hint));
    problem.key = key;
    if (!cause.empty() && machine.said(cause))
        problem.notes.push_back({std::string(cause) + " is set here", machine.origin_of(cause)});
    return problem;
}

}  // namespace vmspawn
