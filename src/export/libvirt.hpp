// A libvirt domain while it is written. Private to this folder.
#pragma once

#include "export/ledger.hpp"
#include "export/way_to_start.hpp"

#include <pugixml.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct Domain {
    const Machine& machine;
    Ledger& ledger;
    Arch arch = Arch::x86_64;
    WayToStart way = WayToStart::kernel;
    bool is_native = true;
    pugi::xml_node root, os, features, devices;
    std::vector<std::string> words = {};    ///< of the kernel, before the user's
    std::vector<std::string> strings = {};  ///< SMBIOS type 11
    std::vector<std::string> fstab = {};    ///< lines for the guest
    bool shares_memory = false;

    /// SMBIOS tables reach the guest.
    [[nodiscard]] bool has_smbios() const { return arch == Arch::x86_64 || (arch == Arch::aarch64 && way == WayToStart::uefi); }
    /// The guest's systemd reads them for mounts, which a confidential guest does not.
    [[nodiscard]] bool told_by_smbios() const { return has_smbios() && machine.boot.confidential == Confidential::no; }
    /// A text that XML can hold. What it cannot is left out, and `key` is lost in part.
    [[nodiscard]] std::string text(std::string_view key, std::string_view value) const;
    [[nodiscard]] std::string path(std::string_view key, const Path& value) const { return text(key, value.native()); }
};

/// <NAME A="…" …/> below `parent`. An empty value leaves the attribute out.
pugi::xml_node append(pugi::xml_node parent, const char* name, std::initializer_list<std::pair<const char*, std::string>> attributes = {});
/// <NAME>text</NAME>
pugi::xml_node append_text(pugi::xml_node parent, const char* name, const std::string& text);

void add_boot(Domain& domain);
void add_disks(Domain& domain);
void add_shares(Domain& domain);
void add_networks(Domain& domain);
void add_console(Domain& domain);
void add_tpm_and_vsock(Domain& domain);
/// Strings, credentials and the kernel's words: what the others have put together.
void add_channels(Domain& domain);

}  // namespace vmspawn
