// What shared directories need of the host.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace vmspawn {

/// The server of shared directories, as probed (and cached like QEMU).
struct Virtiofsd {
    std::string path;                ///< empty: there is none
    std::string version;             ///< "1.13.2", "7.2.22"
    std::set<std::string> features;  ///< long options that it has: "shared-dir" (else it takes -o only), "readonly", "translate-uid"
};

/// Ids that /etc/subuid or /etc/subgid grants to this user.
struct IdGrant {
    std::uint32_t start = 0;
    std::uint32_t count = 0;
    friend bool operator==(const IdGrant&, const IdGrant&) = default;
};

}  // namespace vmspawn
