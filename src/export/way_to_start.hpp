// What starts the guest, as far as it can be told without looking at files.
#pragma once

#include "model/machine.hpp"

#include <string>
#include <vector>

namespace vmspawn {

enum class WayToStart { kernel, uefi, bios };

/// firmware = auto: UEFI for disks and for kernels whose names end in .efi, none for other kernels.
WayToStart way_to_start(const Machine& machine);

/// boot.linux is no unified kernel image: it takes its words from whoever starts it.
bool has_plain_kernel(const Machine& machine);

/// The kernel's word for the first serial port: "ttyS0".
std::string serial_device(Arch arch);

/// Disks that firmware tries, in order. The image's name is "".
std::vector<std::string> boot_order(const Machine& machine);

/// The kernel's words say where the root is.
bool names_a_root(const Machine& machine);

/// vmspawn reads in the image's partitions where the root is, which an export cannot.
bool lacks_root_word(const Machine& machine);

}  // namespace vmspawn
