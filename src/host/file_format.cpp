#include "host/file_format.hpp"

#include "host/bytes.hpp"
#include "host/pe.hpp"

#include <array>
#include <string>

namespace vmspawn {

namespace {

constexpr std::array<std::string_view, 5> cpu_words{"x86_64", "i386", "aarch64", "riscv64", "arm"};

/// The literal of the table, for the text inside a Pe does not outlive it.
std::string_view listed(std::string_view name) {
    for (const std::string_view machine : cpu_words)
        if (machine == name)
            return machine;
    return "";
}

/// e_machine of an ELF file, of 64 bits only.
std::string_view elf_machine(std::string_view bytes) {
    switch (number_at(bytes, 18, 2)) {
        case 62:
            return "x86_64";
        case 183:
            return "aarch64";
        case 243:
            return "riscv64";
        default:
            return "";
    }
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
    const std::optional<Pe> pe = parse_pe(beginning);
    if (!pe)
        return "raw";
    if (pe->is_uki() || pe->find(".osrel") != nullptr)
        return "uki";
    // linux/drivers/firmware/efi/libstub/zboot-header.S
    return beginning.substr(4).starts_with("zimg") ? "zboot" : "pe";
}

std::string_view kernel_machine(std::string_view beginning) {
    // Image headers: Documentation/arch/arm64/booting.rst, Documentation/arch/riscv/boot-image-header.rst, arch/x86/boot.rst
    if (beginning.size() > 0x3c && beginning.substr(0x38).starts_with("ARM\x64"))
        return "aarch64";
    if (beginning.size() > 0x3c && beginning.substr(0x38).starts_with("RSC\x05"))
        return "riscv64";
    if (beginning.size() > 0x238 && beginning.substr(0x202).starts_with("HdrS"))
        return (number_at(beginning, 0x236, 2) & 1U) != 0 ? "x86_64" : "i386";
    if (const std::optional<Pe> pe = parse_pe(beginning))
        return listed(pe->machine);
    return file_format(beginning) == "elf" ? elf_machine(beginning) : "";
}

}  // namespace vmspawn
