// PE files for tests.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vmspawn {

inline void put_number(std::string& bytes, std::size_t offset, std::uint32_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
        bytes[offset + i] = static_cast<char>(value >> (8 * i));
}

/// A PE file with these sections, each on a boundary of 512 bytes and padded up to the next.
inline std::string pe_bytes(std::uint32_t machine, const std::vector<std::pair<std::string, std::string>>& sections) {
    constexpr std::size_t header = 0x40;
    constexpr std::size_t table = header + 24 + 112;
    std::string bytes(1024, '\0');
    bytes.replace(0, 2, "MZ");
    put_number(bytes, 0x3c, header, 4);
    bytes.replace(header, 4, std::string("PE\0\0", 4));
    put_number(bytes, header + 4, machine, 2);
    put_number(bytes, header + 6, static_cast<std::uint32_t>(sections.size()), 2);
    put_number(bytes, header + 20, 112, 2);
    std::size_t entry = table;
    for (const auto& [name, content] : sections) {
        bytes.replace(entry, name.size(), name);
        put_number(bytes, entry + 8, static_cast<std::uint32_t>(content.size()), 4);
        put_number(bytes, entry + 16, static_cast<std::uint32_t>((content.size() + 511) / 512 * 512), 4);
        put_number(bytes, entry + 20, static_cast<std::uint32_t>(bytes.size()), 4);
        bytes += content;
        bytes.resize((bytes.size() + 511) / 512 * 512);
        entry += 40;
    }
    return bytes;
}

}  // namespace vmspawn
