#include "host/seed.hpp"

#include "base/fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <climits>
#include <fcntl.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// The published SipHash, 2 rounds for each word and 4 at the end.
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

std::string read_machine_id() {
    const Fd file(open("/etc/machine-id", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    std::array<char, 33> buffer{};
    const ssize_t got = file ? read(file.get(), buffer.data(), buffer.size()) : -1;
    std::string text(buffer.data(), got < 32 ? 0 : 32);
    const bool is_id = std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    return is_id ? text : std::string();  // "uninitialized" is none
}

}  // namespace

std::uint64_t hash_text(std::string_view text, std::uint64_t variant) {
    SipHash hash(0x766d737061776e21, 0x9e3779b97f4a7c15 + variant);
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < text.size(); i++) {
        word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * (i % 8));
        if (i % 8 == 7) {
            hash.word(word);
            word = 0;
        }
    }
    hash.word(word | (std::uint64_t{text.size()} << 56U));
    return hash.finish();
}

std::string seed_of(std::string_view identity) {
    return fmt::format("{:016x}{:016x}", hash_text(identity, 1), hash_text(identity, 2));
}

std::string host_seed() {
    std::string identity = read_machine_id();
    if (identity.empty()) {
        std::array<char, HOST_NAME_MAX + 1> name{};
        gethostname(name.data(), name.size() - 1);
        identity = name.data();
    }
    return seed_of(identity);
}

}  // namespace vmspawn
