// The machine that a definition and its flags describe: complete, validated, immutable, and knowing nothing of the host.
// Read this page first, then parts.hpp. Paths are absolute.
#pragma once

#include "base/origin.hpp"
#include "model/parts.hpp"

#include <map>
#include <string>
#include <string_view>

namespace vmspawn {

struct Machine {
    std::string name;
    std::optional<std::array<std::uint8_t, 16>> uuid;
    std::string description;
    Arch arch = Arch::native;
    std::uint32_t cpus = 1;
    Memory memory;
    Want kvm = Want::if_possible;
    Image image;
    Boot boot;
    std::vector<std::string> smbios;
    Tpm tpm;
    Vsock vsock;
    std::vector<Network> networks;
    std::vector<Mount> mounts;
    std::vector<Drive> drives;
    Users users;
    std::vector<Credential> credentials;
    Ssh ssh;
    Journal journal;
    Console console;
    Unit unit;
    Ready ready;
    Qemu qemu;

    /// As its callers expect: what cannot be had in full is left out with a warning, and where it chooses otherwise so do we.
    bool as_systemd_vmspawn = false;
    Path directory;  ///< of the definition file, else the working directory; printed as "."
    Path home;       ///< of the caller; printed as "~"
    /// By printed key: where each value came from. Of leaves ("mount.src.source"), elements of lists ("boot.initrd[0]") and
    /// named entries ("mount.src"); "" is the definition as a whole.
    std::map<std::string, Origin, std::less<>> origins;

    /// Of the key itself, else of the nearest list or table above it, else FromDefault.
    [[nodiscard]] Origin origin_of(std::string_view key) const;
    /// Did a file or a flag set this very key?
    [[nodiscard]] bool said(std::string_view key) const;
};

/// A key of a named entry as `origins` has it: entry_key("drive", "a b", "path") is drive."a b".path; no leaf: the entry itself.
std::string entry_key(std::string_view table, std::string_view name, std::string_view leaf = {});
/// "boot.initrd[2]"
std::string element_key(std::string_view list, std::size_t index);
/// Where the home of a bound user is in the guest.
std::string bound_home(std::string_view user);

}  // namespace vmspawn
