// Firmware, kernel, and what reaches the guest by the kernel's words and by firmware strings.
#include "export/libvirt.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace vmspawn {

namespace {

/// Those that libvirt can ask a firmware for.
bool is_known_feature(std::string_view name) {
    return name == "secure-boot" || name == "enrolled-keys";
}

void add_firmware_features(Domain& d) {
    const Boot& boot = d.machine.boot;
    pugi::xml_node firmware;
    const auto ask = [&](std::string_view name, bool enabled) {
        if (!firmware)
            firmware = append(d.os, "firmware");
        append(firmware, "feature", {{"enabled", enabled ? "yes" : "no"}, {"name", std::string(name)}});
    };
    bool asks_secure_boot = false;
    for (std::size_t i = 0; i < boot.firmware_features.size(); ++i) {
        std::string_view name = boot.firmware_features[i];
        const bool enabled = !name.starts_with('~');
        name.remove_prefix(enabled ? 0 : 1);
        asks_secure_boot |= name == "secure-boot";
        if (is_known_feature(name))
            ask(name, enabled);
        else
            d.ledger.lost(element_key("boot.firmware-features", i), "libvirt asks for secure-boot and enrolled-keys only");
    }
    if (boot.secure_boot != Want::if_possible && !asks_secure_boot)
        ask("secure-boot", boot.secure_boot == Want::yes);
}

void add_nvram(Domain& d) {
    const State& state = d.machine.boot.nvram_state;
    if (state.kind == StateKind::at)
        append_text(d.os, "nvram", d.path("boot.nvram-state", state.path));
    d.ledger.settle("boot.nvram-state", state.kind == StateKind::at,
                    "libvirt keeps the variables in a place of its own, until `virsh undefine --nvram`");
}

/// What libvirt cannot hide from the host it does not start, and an older libvirt does not even take.
void add_confidential(Domain& d) {
    const Confidential technology = d.machine.boot.confidential;
    d.ledger.kept("boot.confidential");
    if (technology == Confidential::no)
        return;
    append(d.os, "loader", {{"stateless", "yes"}});
    const bool is_snp = technology == Confidential::sev_snp;
    pugi::xml_node launch = append(d.root, "launchSecurity", {{"type", is_snp ? "sev-snp" : "tdx"}, {"kernelHashes", is_snp ? "yes" : ""}});
    append_text(launch, "policy", is_snp ? "0x00030000" : "0x10000000");  // neither debugging nor, for SEV-SNP, migration
}

void add_uefi(Domain& d) {
    d.os.append_attribute("firmware").set_value("efi");
    add_firmware_features(d);
    if (d.machine.boot.confidential == Confidential::no)
        add_nvram(d);
    else
        d.ledger.lost("boot.nvram-state", "a confidential guest keeps no variables");
}

void settle_boot(Domain& d) {
    const Boot& boot = d.machine.boot;
    d.ledger.settle("boot.firmware", boot.firmware != FirmwareKind::descriptor, "libvirt chooses among the installed descriptors itself");
    d.ledger.kept("boot.linux");
    d.ledger.kept("boot.firmware-features");
    d.ledger.kept("boot.secure-boot");
    d.ledger.kept("boot.initrd");
    d.ledger.settle("boot.unpack", boot.unpack == Want::no, "libvirt hands the kernel to QEMU as it is");
    if (d.way != WayToStart::uefi)
        d.ledger.lost("boot.nvram-state", "there is no UEFI firmware that would have variables");
    d.ledger.lost("boot.nvram-template", "libvirt takes the variables that come with the firmware which it chooses");
    if (lacks_root_word(d.machine))
        d.ledger.lost("boot.linux", "vmspawn finds the root in the image's partitions: here boot.cmdline must say root=");
    if (boot.initrds.size() > 1)
        for (std::size_t i = 1; i < boot.initrds.size(); ++i)
            d.ledger.lost(element_key("boot.initrd", i), "libvirt takes one initrd: join them by cat, each padded to four bytes");
}

/// Firmware takes the words too, by strings that systemd-stub and systemd-boot read.
void add_words(Domain& d) {
    std::vector<std::string> words = d.words;
    for (std::size_t i = 0; i < d.machine.boot.cmdline.size(); ++i)
        words.push_back(d.text(element_key("boot.cmdline", i), d.machine.boot.cmdline[i]));
    const std::string line = fmt::format("{}", fmt::join(words, " "));
    const bool direct = has_plain_kernel(d.machine);
    if (direct && !line.empty())
        append_text(d.os, "cmdline", line);
    else if (d.way == WayToStart::uefi && d.has_smbios() && !line.empty())
        for (const char* channel : {"stub", "boot"})
            d.strings.push_back(fmt::format("io.systemd.{}.kernel-cmdline-extra={}", channel, line));
    d.ledger.settle("boot.cmdline", direct || (d.way == WayToStart::uefi && d.has_smbios()),
                    "no kernel reads the words: a disk's own boot loader takes none from outside");
}

/// A list of mounts is public. The guest's systemd reads it like any credential.
void add_fstab(Domain& d) {
    if (!d.fstab.empty())
        d.strings.push_back(fmt::format("io.systemd.credential:fstab.extra={}\n", fmt::join(d.fstab, "\n")));
}

void add_strings(Domain& d) {
    for (std::size_t i = 0; i < d.machine.smbios.size(); ++i) {
        const std::string key = element_key("smbios", i);
        if (holds_credential(d.machine.smbios[i]))
            d.ledger.lost(key, "a credential would stand in the XML: put it into a file, as [credentials] ID = { file = PATH }");
        else
            d.strings.push_back(d.text(key, d.machine.smbios[i]));
    }
    d.ledger.settle("smbios", d.has_smbios(), "this guest has no SMBIOS tables");
    if (!d.has_smbios() || d.strings.empty())
        return;
    append(d.os, "smbios", {{"mode", "sysinfo"}});
    pugi::xml_node list = append(append(d.root, "sysinfo", {{"type", "smbios"}}), "oemStrings");
    for (const std::string& text : d.strings)
        append_text(list, "entry", text);
}

/// The value of a credential is never printed; a file's name may be.
void add_credentials(Domain& d) {
    constexpr std::size_t longest_id = 28;  // of QEMU's fw_cfg, less what systemd wants before it
    pugi::xml_node list;
    for (const Credential& credential : d.machine.credentials) {
        const std::string key = entry_key("credentials", credential.id);
        const auto* file = std::get_if<CredentialFile>(&credential.source);
        if (!file) {
            d.ledger.lost(key, "its value would stand in the XML: put it into a file and say { file = PATH }");
        } else if (d.machine.boot.confidential != Confidential::no) {
            d.ledger.lost(key, "a confidential guest takes no credential that is not measured");
        } else if (credential.id.size() > longest_id) {
            d.ledger.lost(key, fmt::format("libvirt passes a file by fw_cfg, where an id has at most {} characters", longest_id));
        } else {
            if (!list)
                list = append(d.root, "sysinfo", {{"type", "fwcfg"}});
            append(list, "entry", {{"name", "opt/io.systemd.credentials/" + credential.id}, {"file", d.path(key, file->path)}});
            d.ledger.kept(key);
        }
    }
}

const char* machine_type(Arch arch) {
    return arch == Arch::x86_64 ? "q35" : "virt";
}

}  // namespace

void add_boot(Domain& d) {
    append(d.os, "type", {{"arch", std::string(to_word(d.arch))}, {"machine", machine_type(d.arch)}}).text().set("hvm");
    const Boot& boot = d.machine.boot;
    if (d.way == WayToStart::uefi)
        add_uefi(d);
    add_confidential(d);
    if (boot.linux_image)
        append_text(d.os, "kernel", d.path("boot.linux", *boot.linux_image));
    if (!boot.initrds.empty())
        append_text(d.os, "initrd", d.path("boot.initrd", boot.initrds.front()));
    settle_boot(d);
}

void add_channels(Domain& d) {
    add_words(d);
    add_fstab(d);
    add_strings(d);
    add_credentials(d);
}

}  // namespace vmspawn
