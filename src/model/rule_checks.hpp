// The checks behind the rows of rules.cpp, and what they share. Private to this folder.
#pragma once

#include "base/diagnostic.hpp"
#include "model/machine.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// A machine without firmware code of its own: nothing to hold UEFI variables, features or keys.
bool without_uefi(const Machine& machine);

/// The caret goes under `key`; `cause`, when a file or flag set it, is shown as a note.
Diagnostic conflict(const Machine& machine, std::string_view key, std::string summary, std::string hint, std::string_view cause = {});

namespace check {

void one_root(const Machine&, Diagnostics&);
void something_to_boot(const Machine&, Diagnostics&);
void initrd_needs_kernel(const Machine&, Diagnostics&);
void image_settings_need_image(const Machine&, Diagnostics&);
void ephemeral_needs_root(const Machine&, Diagnostics&);
void ephemeral_excludes_drives(const Machine&, Diagnostics&);
void private_users_need_directory(const Machine&, Diagnostics&);
void cd_is_read_only(const Machine&, Diagnostics&);
void one_drive_each_file(const Machine&, Diagnostics&);
void one_boot_order_each(const Machine&, Diagnostics&);

void ram_max_above_ram(const Machine&, Diagnostics&);
void ram_slots_need_max(const Machine&, Diagnostics&);
void no_firmware_needs_kernel(const Machine&, Diagnostics&);
void secure_boot_needs_uefi(const Machine&, Diagnostics&);
void secure_boot_agrees(const Machine&, Diagnostics&);
void uefi_settings_need_uefi(const Machine&, Diagnostics&);
void kernel_words_need_way(const Machine&, Diagnostics&);
void smbios_needs_arch(const Machine&, Diagnostics&);
void confidential_needs_kvm(const Machine&, Diagnostics&);
void confidential_chooses_cpu(const Machine&, Diagnostics&);
void confidential_needs_x86(const Machine&, Diagnostics&);
void confidential_needs_uefi(const Machine&, Diagnostics&);
void sev_snp_needs_kernel(const Machine&, Diagnostics&);
void confidential_keeps_no_nvram(const Machine&, Diagnostics&);
void confidential_tpm(const Machine&, Diagnostics&);

void tpm_state_needs_tpm(const Machine&, Diagnostics&);
void tpm_needs_arch(const Machine&, Diagnostics&);
void vsock_settings_need_vsock(const Machine&, Diagnostics&);
void forward_needs_user_network(const Machine&, Diagnostics&);
void backend_needs_user_network(const Machine&, Diagnostics&);
void one_host_port_each(const Machine&, Diagnostics&);
void one_mac_each(const Machine&, Diagnostics&);
void mount_target_absolute(const Machine&, Diagnostics&);
void one_mount_each_target(const Machine&, Diagnostics&);
void transport_needs_console(const Machine&, Diagnostics&);
void background_needs_terminal(const Machine&, Diagnostics&);

void user_settings_need_bind(const Machine&, Diagnostics&);
void shell_needs_bind(const Machine&, Diagnostics&);
void bind_no_system_user(const Machine&, Diagnostics&);
void bind_up_to_64(const Machine&, Diagnostics&);
void credential_ids_taken(const Machine&, Diagnostics&);
void journal_limits_need_forward(const Machine&, Diagnostics&);
void journal_needs_vsock(const Machine&, Diagnostics&);
void unit_settings_need_own_unit(const Machine&, Diagnostics&);
void ready_needs_vsock(const Machine&, Diagnostics&);
void ready_timeout_needs_notify(const Machine&, Diagnostics&);

}  // namespace check

}  // namespace vmspawn
