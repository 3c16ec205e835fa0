#include "host/pe.hpp"

#include "host/bytes.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

/// IMAGE_FILE_MACHINE_… of the PE format.
std::string_view machine_name(std::uint64_t machine) {
    switch (machine) {
        case 0x8664:
            return "x86_64";
        case 0xaa64:
            return "aarch64";
        case 0x5064:
            return "riscv64";
        case 0x014c:
            return "i386";
        case 0x01c0:
        case 0x01c2:
        case 0x01c4:
            return "arm";
        default:
            return "";
    }
}

PeSection section_at(std::string_view bytes, std::size_t entry) {
    const std::string_view name = bytes.substr(entry, 8);
    const auto loaded = static_cast<std::uint32_t>(number_at(bytes, entry + 8, 4));
    const auto stored = static_cast<std::uint32_t>(number_at(bytes, entry + 16, 4));
    return {.name = std::string(name.substr(0, name.find('\0'))),
            .offset = static_cast<std::uint32_t>(number_at(bytes, entry + 20, 4)),
            .size = loaded == 0 ? stored : std::min(loaded, stored)};
}

}  // namespace

const PeSection* Pe::find(std::string_view name) const {
    const auto found = std::ranges::find(sections, name, &PeSection::name);
    return found == sections.end() ? nullptr : &*found;
}

std::optional<Pe> parse_pe(std::string_view beginning) {
    constexpr std::size_t most_sections = 96;  // the limit of the format
    const std::size_t header = number_at(beginning, 0x3c, 4);
    if (!beginning.starts_with("MZ") || header >= beginning.size() || !beginning.substr(header).starts_with(std::string_view("PE\0\0", 4)))
        return std::nullopt;
    Pe pe{.machine = std::string(machine_name(number_at(beginning, header + 4, 2)))};
    const std::size_t count = std::min<std::size_t>(number_at(beginning, header + 6, 2), most_sections);
    std::size_t entry = header + 24 + number_at(beginning, header + 20, 2);
    for (std::size_t i = 0; i < count && entry + 40 <= beginning.size(); i++, entry += 40)
        pe.sections.push_back(section_at(beginning, entry));
    return pe;
}

}  // namespace vmspawn
