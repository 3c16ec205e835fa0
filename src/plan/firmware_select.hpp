// Which of the host's firmware descriptors serves a machine.
#pragma once

#include "host/host.hpp"
#include "model/machine.hpp"
#include "plan/guest_arch.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// What a machine wants of its firmware.
struct FirmwareWish {
    std::string_view arch;
    std::vector<std::string> machines;  ///< the names that the machine type goes by: "q35", "pc-q35-7.2"
    bool smm = false;                   ///< the machine type has System Management Mode
    std::set<std::string> with;         ///< features that must be there
    std::set<std::string> without;      ///< features that must not
    /// What becomes of variables: an own file for them is wanted, or a copy of a template, or (confidential guests) nothing may be kept.
    enum class Variables { any, kept, from_template, none } variables = Variables::any;
};

/// "F" and "~F" of boot.firmware-features, boot.secure-boot as a shorthand, "enrolled-keys" excluded unless it is asked for or the
/// list was emptied on purpose, and what a confidential guest needs.
FirmwareWish firmware_wish(const Machine& machine, const GuestArch& arch, const QemuFacts& qemu);

/// Why this one does not serve, as a clause; empty: it does.
std::string unmet(const Firmware& firmware, const FirmwareWish& wish, const Host& host);

/// The first that serves; those that keep variables in a file of their own go before the others. Null: none.
const Firmware* select_firmware(const std::vector<Firmware>& all, const FirmwareWish& wish, const Host& host);

}  // namespace vmspawn
