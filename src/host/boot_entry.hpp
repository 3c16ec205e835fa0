// Boot Loader Specification (UAPI.1): what the text of an entry says, what its name says, and which entry comes first. All pure.
#pragma once

#include "host/tree.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// A Type #1 entry as written: paths are below the root of its partition. Unknown keys are passed over, as the specification wants.
struct EntryText {
    BootEntry entry;          ///< without `linux_image`, `initrds` and `devicetree`
    std::string linux_image;  ///< `linux`
    std::string efi;          ///< `efi` or `uki`: a program to start in place of a kernel
    std::string devicetree;
    std::vector<std::string> initrds;
};
EntryText parse_boot_entry(std::string_view text);

/// The value of `default` in a loader.conf; empty: there is none.
std::string default_of_loader(std::string_view text);

/// Fills in id, tries_left and tries_done: "linux+3-1.conf" is "linux.conf" with 3 tries left and 1 done.
void read_entry_name(std::string_view name, BootEntry& entry);

/// Title, version and sort key of a UKI, from the os-release file inside it.
void read_os_release(std::string_view text, BootEntry& entry);

/// Best first: what is known not to boot last, then by sort key, machine id, version (newest first) and id; packages last of all.
void sort_boot_entries(std::vector<BootEntry>& entries);

/// "x64" -> "x86_64": names of the UEFI specification as vmspawn calls them; others in lower case as they are.
std::string arch_of_efi_name(std::string_view name);

}  // namespace vmspawn
