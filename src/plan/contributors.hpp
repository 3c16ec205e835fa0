// One declaration per feature. A contributor reads the machine and the host, adds resources, QEMU words and reasons, and finds problems.
#pragma once

#include "base/diagnostic.hpp"
#include "host/host.hpp"
#include "model/errand.hpp"
#include "model/machine.hpp"
#include "plan/guest_arch.hpp"
#include "plan/plan.hpp"
#include "plan/qemu_command.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// A kernel that is started without a boot loader. Paths are of the host.
struct DirectKernel {
    std::string key;  ///< what led to it: "boot.linux", "image.directory"
    std::string path;
    std::string format;  ///< as FileAnswer has it; "uki" starts from UEFI only
    std::vector<std::string> initrds;
    std::string devicetree;
    std::string options;  ///< kernel words of a boot entry
};

/// How the guest and the host talk over VSOCK.
struct GuestLink {
    VsockBackend backend = VsockBackend::user;  ///< never automatic
    ResourceId device;                          ///< ListenVsock::device
};

struct Planning {
    const Machine& machine;
    const Errand& errand;
    const Host& host;
    const QemuFacts& qemu_facts;
    const GuestArch& arch;  ///< of the guest
    bool kvm = false;       ///< decided by plan_accelerator, which runs first
    Plan& plan;
    QemuCommand& qemu;
    std::vector<std::string>& machine_options;  ///< parts of -machine after the type: "hpet=off"
    std::vector<std::string>& qemu_reasons;     ///< become the reasons of the resource "qemu"
    std::vector<std::string>& kernel_words;     ///< vmspawn's own, collected in the order of reference C.3
    Diagnostics& found;
    std::vector<std::string> last_kernel_words{};  ///< vmspawn's own after the user's
    std::optional<DirectKernel> kernel{};          ///< decided by plan_kernel; nothing where a boot loader starts the guest
    std::vector<std::string> qemu_environment{};   ///< "NAME=value", besides the short one
    std::vector<std::string> fstab{};              ///< lines for the guest's systemd, sent as the credential fstab.extra
    const Firmware* firmware = nullptr;            ///< the UEFI that starts the machine, decided by plan_firmware; null: there is none
    std::optional<GuestLink> link{};               ///< decided by plan_vsock
    std::uint64_t smbios_bytes = 0;                ///< of the strings that SMBIOS holds so far
    std::vector<ResourceId> qemu_needs{};          ///< what QEMU must not start before, besides what its words mention
    std::vector<Piece> initrd_credentials{};       ///< an archive to follow the initrds: what SMBIOS may not carry (plan_credentials)

    void add(Resource resource) { plan.resources.push_back(std::move(resource)); }
    void reason(std::string text) { qemu_reasons.push_back(std::move(text)); }
    [[nodiscard]] bool has(std::string_view feature) const { return qemu_facts.features.contains(std::string(feature)); }
    [[nodiscard]] Origin origin(std::string_view key) const { return machine.origin_of(key); }
    /// An ephemeral machine that nobody named: any number of it run at once (reference B.1).
    [[nodiscard]] bool name_is_drawn() const { return machine.image.ephemeral && !machine.said("name"); }
    /// A path as plans and messages show it: "./disk.raw", "~/key.pub".
    [[nodiscard]] std::string shown(const Path& path) const;
};

void plan_runtime_directory(Planning&);
void plan_accelerator(Planning&);   ///< -accel, -cpu
void plan_confidential(Planning&);  ///< SEV-SNP, TDX
void plan_kernel(Planning&);        ///< which kernel is started directly
void plan_firmware(Planning&);      ///< UEFI or not, which, and its variables
void plan_basics(Planning&);        ///< machine type, memory, cpus, uuid, rng, balloon, vmgenid, pvpanic, sandbox
void plan_qmp(Planning&);
void plan_console(Planning&);
void plan_storage(Planning&);
void plan_mounts(Planning&);   ///< a directory as root, and shares, by virtiofs
void plan_tpm(Planning&);      ///< swtpm, and its state
void plan_users(Planning&);    ///< users of the host with their homes
void plan_vsock(Planning&);    ///< the device, and the guest's notifications
void plan_ssh(Planning&);      ///< a key for the guest's sshd, and a host key that is known before
void plan_journal(Planning&);  ///< the guest's journal, kept on the host
void plan_control(Planning&);  ///< the control socket
void plan_command(Planning&);  ///< a command in the guest, and its streams
void plan_unit(Planning&);     ///< a scope, and systemd-machined
void plan_network(Planning&);
void plan_hotplug(Planning&);      ///< ports for disks that come while the machine runs
void plan_smbios(Planning&);       ///< type 11 strings
void plan_credentials(Planning&);  ///< by SMBIOS, or by fw_cfg where the guest has no SMBIOS
void plan_root(Planning&);         ///< the kernel words that say where the root is, unless the user says it
void plan_boot(Planning&);         ///< kernel, initrds, firmware; spends kernel_words
void plan_extra(Planning&);        ///< qemu.extra and SYSTEMD_VMSPAWN_QEMU_EXTRA
void plan_record(Planning&);

/// What is asked for and cannot be had here: an error, but for callers of systemd-vmspawn a warning, and they go without.
void miss(Planning&, Diagnostic problem);
/// The kind of the terminal that standard input and output are, such as "xterm".
std::optional<std::string> caller_terminal(const Planning&);
/// True when one of the kernel words says where the root, or the verity hash that leads to it, is.
bool names_a_root(const std::vector<std::string>& words);
/// The guest's memory becomes a file that helpers can map: vhost-user devices need it. May be called more than once.
void share_memory(Planning&);
/// A string of SMBIOS type 11, in a memory file.
void add_smbios_string(Planning&, ResourceId id, std::vector<Piece> pieces, const std::string& key);

/// A credential by the way that the guest reads: a text, or one RuntimeFile, for which QEMU does not wait to start. Where
/// told_by_smbios, `after` is what QEMU waits for there too, before it looks at any device.
void add_credential(Planning&, const std::string& id, std::vector<Piece> pieces, const std::string& key,
                    std::vector<ResourceId> after = {});
/// A port of the host that the guest reaches over VSOCK: "vsock-stream:2:PORT" to follow a scheme. `port` 0: any, where that is possible.
ResourceId listen_for_guest(Planning&, const std::string& id, std::uint32_t port, const std::string& key);

/// True when vmspawn builds SMBIOS tables for this guest that the guest will see.
bool has_smbios(const Planning&);
/// The same, and the guest may trust them.
bool told_by_smbios(const Planning&);

}  // namespace vmspawn
