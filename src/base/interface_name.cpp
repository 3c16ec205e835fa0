#include "base/interface_name.hpp"

#include "base/siphash.hpp"

#include <cstdint>

namespace vmspawn {

std::string tap_name(std::string_view machine) {
    constexpr std::size_t most = 15, kept = 11;
    constexpr std::uint64_t k0 = 0x514b'efa8'04a4'90e1, k1 = 0xa2fc'119f'3ac3'cc8c;  // systemd's e190a404a8ef4b518cccc33a9f11fca2
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string name = "vt-" + std::string(machine);
    if (name.size() <= most)
        return name;
    const std::uint64_t hash = siphash(k0, k1, name);
    name.resize(kept);
    for (const unsigned shift : {18U, 12U, 6U, 0U})
        name += letters[(hash >> shift) & 63U];
    return name;
}

}  // namespace vmspawn
