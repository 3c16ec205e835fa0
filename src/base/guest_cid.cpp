#include "base/guest_cid.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace vmspawn {

namespace {

class SipHash {
public:
    SipHash(std::uint64_t k0, std::uint64_t k1)
        : v_{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573} {}

    std::uint64_t of(std::string_view bytes) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (i % 8 * 8);
            if (i % 8 == 7)
                take(std::exchange(word, 0));
        }
        take(word | std::uint64_t{bytes.size()} << 56);
        v_[2] ^= 0xff;
        for (int i = 0; i < 4; ++i)
            mix();
        return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
    }

private:
    std::array<std::uint64_t, 4> v_;

    void take(std::uint64_t word) {
        v_[3] ^= word;
        mix();
        mix();
        v_[0] ^= word;
    }
    void mix() {
        v_[0] += v_[1];
        v_[1] = std::rotl(v_[1], 13) ^ v_[0];
        v_[0] = std::rotl(v_[0], 32);
        v_[2] += v_[3];
        v_[3] = std::rotl(v_[3], 16) ^ v_[2];
        v_[0] += v_[3];
        v_[3] = std::rotl(v_[3], 21) ^ v_[0];
        v_[2] += v_[1];
        v_[1] = std::rotl(v_[1], 17) ^ v_[2];
        v_[2] = std::rotl(v_[2], 32);
    }
};

}  // namespace

std::uint32_t guest_cid(std::string_view name, std::uint32_t round) {
    // the key, 03adf0a4592c7711da390cbaf54c8052, as two words of little endian
    SipHash hash(0x11772c59a4f0ad03, 0x52804cf5ba0c39da);
    std::string input(name);
    for (int shift = 0; shift < 32; shift += 8)
        input += static_cast<char>(round >> shift);
    constexpr std::uint64_t numbers = std::numeric_limits<std::uint32_t>::max() - 4;
    return static_cast<std::uint32_t>(3 + hash.of(input) % numbers);
}

}  // namespace vmspawn
