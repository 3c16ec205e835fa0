#include "base/guest_cid.hpp"

#include "base/siphash.hpp"

#include <limits>
#include <string>

namespace vmspawn {

std::uint32_t guest_cid(std::string_view name, std::uint32_t round) {
    // the key, 03adf0a4592c7711da390cbaf54c8052, as two words of little endian
    constexpr std::uint64_t k0 = 0x11772c59a4f0ad03, k1 = 0x52804cf5ba0c39da;
    std::string input(name);
    for (int shift = 0; shift < 32; shift += 8)
        input += static_cast<char>(round >> shift);
    constexpr std::uint64_t numbers = std::numeric_limits<std::uint32_t>::max() - 4;
    return static_cast<std::uint32_t>(3 + siphash(k0, k1, input) % numbers);
}

}  // namespace vmspawn
