// What differs from one guest architecture to the next, as one table.
#pragma once

#include <cstddef>
#include <string_view>

namespace vmspawn {

enum class Smbios { never, with_uefi, always };

struct GuestArch {
    std::string_view name;              ///< "x86_64"
    std::string_view machine;           ///< type of -machine
    std::string_view package;           ///< the Debian package that holds its QEMU
    std::string_view firmware_package;  ///< the Debian package of its UEFI firmware
    Smbios smbios = Smbios::never;      ///< when the guest finds SMBIOS tables
    bool smm = false;                   ///< -machine knows smm=
    bool hpet = false;                  ///< -machine knows hpet=
    bool vmgenid = false;
    bool bios = false;                ///< QEMU brings a BIOS that boots disks
    std::string_view panic_device;    ///< pvpanic on ISA or PCI
    std::string_view tpm_device;      ///< empty: this guest can have none
    std::string_view serial_console;  ///< the kernel's word for the first serial port
    std::size_t command_line = 512;   ///< bytes of the kernel's command line, the closing NUL included
};

/// Null for an architecture that vmspawn has no guest for.
const GuestArch* find_guest_arch(std::string_view name);

}  // namespace vmspawn
