#include "host/file_format.hpp"

#include <cstdint>
#include <string>

namespace vmspawn {

namespace {

/// Little-endian, `size` bytes; 0 beyond the end.
std::uint32_t number_at(std::string_view bytes, std::size_t offset, std::size_t size) {
    if (offset > bytes.size() || bytes.size() - offset < size)
        return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < size; i++)
        value |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    return value;
}

bool is_pe(std::string_view bytes, std::size_t header) {
    return header < bytes.size() && bytes.substr(header).starts_with(std::string_view("PE\0\0", 4));
}

/// Whether the section table names .linux or .osrel, which only a unified kernel image has.
bool has_uki_section(std::string_view bytes, std::size_t header) {
    const std::uint32_t sections = number_at(bytes, header + 6, 2);
    std::size_t entry = header + 24 + number_at(bytes, header + 20, 2);
    for (std::uint32_t i = 0; i < sections && entry + 40 <= bytes.size(); i++, entry += 40) {
        const std::string_view name = bytes.substr(entry, 8);
        if (name.starts_with(std::string_view(".linux\0", 7)) || name.starts_with(std::string_view(".osrel\0", 7)))
            return true;
    }
    return false;
}

}  // namespace

std::string_view file_format(std::string_view beginning) {
    if (beginning.starts_with("QFI\xfb"))
        return "qcow2";
    if (beginning.starts_with("\x1f\x8b"))
        return "gzip";
    if (beginning.starts_with("\x7f"
                              "ELF"))
        return "elf";
    const std::size_t header = number_at(beginning, 0x3c, 4);
    if (beginning.starts_with("MZ") && is_pe(beginning, header))
        return has_uki_section(beginning, header) ? "uki" : "pe";
    return "raw";
}

}  // namespace vmspawn
