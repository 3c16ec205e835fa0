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

    Path directory;  ///< of the definition file, else the working directory; printed as "."
    Path home;       ///< of the caller; printed as "~"
    /// By printed key ("mount.src.source"): where each value came from.
    std::map<std::string, Origin, std::less<>> origins;

    /// Of the key itself, else of the nearest table above it, else FromDefault.
    [[nodiscard]] Origin origin_of(std::string_view key) const;
};

}  // namespace vmspawn
