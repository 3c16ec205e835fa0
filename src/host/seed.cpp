#include "host/seed.hpp"

#include "base/fd.hpp"
#include "base/siphash.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
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
    const bool is_id = std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
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

Mac tap_mac(std::string_view machine_id, std::string_view machine) {
    constexpr std::uint64_t k0 = 0xfb24'df2b'4cc6'd001, k1 = 0x93b2'597d'09b2'f8c0;  // systemd's 01d0c64c2bdf24fbc0f8b2097d59b293
    std::string hashed;
    for (std::size_t at = 0; at + 2 <= machine_id.size(); at += 2) {
        std::uint8_t byte = 0;
        std::from_chars(machine_id.data() + at, machine_id.data() + at + 2, byte, 16);
        hashed += static_cast<char>(byte);
    }
    const std::uint64_t hash = siphash(k0, k1, hashed.append(machine));
    Mac mac{};
    for (std::size_t byte = 0; byte < mac.size(); ++byte)
        mac[byte] = static_cast<std::uint8_t>(hash >> (8 * byte));
    return local_mac(mac);
}

std::optional<Mac> tap_mac(std::string_view machine) {
    const std::string id = read_machine_id();
    return id.empty() ? std::nullopt : std::optional(tap_mac(id, machine));
}

}  // namespace vmspawn
