#include "base/siphash.hpp"

#include <array>
#include <bit>
#include <cstddef>

namespace vmspawn {

namespace {

/// 2 rounds for each word and 4 at the end.
class SipHash {
public:
    SipHash(std::uint64_t k0, std::uint64_t k1)
        : v_{k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573} {}

    void word(std::uint64_t value) {
        v_[3] ^= value;
        round();
        round();
        v_[0] ^= value;
    }

    std::uint64_t finish() {
        v_[2] ^= 0xffU;
        for (int i = 0; i < 4; i++)
            round();
        return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
    }

private:
    void round() {
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

    std::array<std::uint64_t, 4> v_;
};

}  // namespace

std::uint64_t siphash(std::uint64_t k0, std::uint64_t k1, std::string_view bytes) {
    SipHash hash(k0, k1);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); i++) {
        word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * (i % 8));
        if (i % 8 == 7) {
            hash.word(word);
            word = 0;
        }
    }
    hash.word(word | (std::uint64_t{bytes.size()} << 56U));
    return hash.finish();
}

}  // namespace vmspawn
