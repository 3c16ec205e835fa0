#include "host/seed.hpp"

#include "base/fd.hpp"
#include "base/siphash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <fcntl.h>
#include <unistd.h>

namespace vmspawn {

namespace {

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
    return siphash(0x766d737061776e21, 0x9e3779b97f4a7c15 + variant, text);
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
