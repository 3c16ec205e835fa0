#include "export/way_to_start.hpp"

#include <algorithm>
#include <utility>

namespace vmspawn {

WayToStart way_to_start(const Machine& machine) {
    const Boot& boot = machine.boot;
    switch (boot.firmware) {
        case FirmwareKind::uefi:
        case FirmwareKind::descriptor:
            return WayToStart::uefi;
        case FirmwareKind::bios:
            return WayToStart::bios;
        case FirmwareKind::none:
            return WayToStart::kernel;
        case FirmwareKind::automatic:
            break;
    }
    const bool needs_uefi = boot.secure_boot == Want::yes || boot.confidential != Confidential::no;
    return (has_plain_kernel(machine) || machine.image.directory) && !needs_uefi ? WayToStart::kernel : WayToStart::uefi;
}

bool has_plain_kernel(const Machine& machine) {
    return machine.boot.linux_image && machine.boot.linux_image->extension() != ".efi";
}

std::string serial_device(Arch arch) {
    return arch == Arch::aarch64 ? "ttyAMA0" : "ttyS0";
}

std::vector<std::string> boot_order(const Machine& machine) {
    std::vector<std::pair<std::uint32_t, std::string>> places;
    if (machine.image.path)
        places.emplace_back(1, "");
    for (const Drive& drive : machine.drives)
        if (drive.boot_order)
            places.emplace_back(*drive.boot_order, drive.name);
    std::ranges::stable_sort(places, {}, &std::pair<std::uint32_t, std::string>::first);
    std::vector<std::string> names;
    for (auto& [place, name] : places)
        names.push_back(std::move(name));
    return names;
}

bool names_a_root(const Machine& machine) {
    return std::ranges::any_of(machine.boot.cmdline, [](const std::string& word) { return word.starts_with("root="); });
}

bool lacks_root_word(const Machine& machine) {
    return machine.image.path && has_plain_kernel(machine) && !names_a_root(machine);
}

}  // namespace vmspawn
