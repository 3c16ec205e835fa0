#include "plan/guest_arch.hpp"

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

constexpr std::array<GuestArch, 3> table{{
    {.name = "x86_64",
     .machine = "q35",
     .package = "qemu-system-x86",
     .firmware_package = "ovmf",
     .smbios = Smbios::always,
     .smm = true,
     .hpet = true,
     .vmgenid = true,
     .bios = true,
     .panic_device = "pvpanic",
     .tpm_device = "tpm-tis",
     .serial_console = "ttyS0",
     .command_line = 2048},
    {.name = "aarch64",
     .machine = "virt",
     .package = "qemu-system-arm",
     .firmware_package = "qemu-efi-aarch64",
     .smbios = Smbios::with_uefi,
     .panic_device = "pvpanic-pci",
     .tpm_device = "tpm-tis-device",
     .serial_console = "ttyAMA0",
     .command_line = 2048},
    {.name = "riscv64",
     .machine = "virt",
     .package = "qemu-system-misc",
     .firmware_package = "qemu-efi-riscv64",
     .panic_device = "pvpanic-pci",
     .serial_console = "ttyS0",
     .command_line = 1024},
}};

}  // namespace

const GuestArch* find_guest_arch(std::string_view name) {
    const auto* found = std::find_if(table.begin(), table.end(), [&](const GuestArch& arch) { return arch.name == name; });
    return found == table.end() ? nullptr : found;
}

}  // namespace vmspawn
