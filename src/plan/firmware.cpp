// Which firmware starts the machine, and how it is put into it.
#include "plan/firmware.hpp"

#include "plan/files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

using Mapping = Firmware::Mapping;

bool asks_for_uefi(FirmwareKind kind) {
    return kind == FirmwareKind::uefi || kind == FirmwareKind::descriptor;
}

void refuse_missing_bios(Planning& p) {
    if (p.machine.boot.firmware == FirmwareKind::bios && !p.arch.bios)
        p.found.add(error(fmt::format("boot.firmware = \"bios\": there is no BIOS for {} guests", p.arch.name), p.origin("boot.firmware"))
                        .with_error(EOPNOTSUPP));
}

bool uefi_for_image(Planning& p) {
    const FirmwareKind wanted = p.machine.boot.firmware;
    if (wanted == FirmwareKind::automatic)
        p.reason("firmware = uefi because the kernel is a unified kernel image and boot.firmware = auto");
    if (wanted != FirmwareKind::bios && wanted != FirmwareKind::none)
        return true;
    p.found.add(
        error(fmt::format("a unified kernel image does not start under boot.firmware = \"{}\"", to_word(wanted)), p.origin("boot.firmware"))
            .with_hint("it starts from UEFI"));
    return false;
}

bool uefi_for_kernel(Planning& p, const std::string& format) {
    const std::string key = uefi_setting(p.machine);
    if (key.empty()) {
        if (p.machine.boot.firmware == FirmwareKind::automatic)
            p.reason("firmware = none because a plain kernel is booted directly and boot.firmware = auto");
        refuse_missing_bios(p);
        return false;
    }
    p.reason(fmt::format("firmware = uefi because {} asks for it", key));
    if (format == "pe")
        return true;
    p.found.add(error(fmt::format("{} needs UEFI, and the kernel is no EFI program", key), p.origin(key))
                    .with_hint("give a kernel with an EFI stub, or a unified kernel image"));
    return false;
}

bool uefi_for_disk(Planning& p) {
    switch (p.machine.boot.firmware) {
        case FirmwareKind::automatic:
            p.reason("firmware = uefi because a disk boots and boot.firmware = auto");
            return true;
        case FirmwareKind::uefi:
        case FirmwareKind::descriptor:
            return true;
        case FirmwareKind::none:
            p.found.add(error("boot.firmware = \"none\" leaves nothing that could boot the disk", p.origin("boot.firmware"))
                            .with_hint("set boot.linux, or boot.firmware = \"bios\""));
            return false;
        case FirmwareKind::bios:
            refuse_missing_bios(p);
            return false;
    }
    return false;
}

bool wants_uefi(Planning& p) {
    if (p.kernel)
        return p.kernel->format == "uki" ? uefi_for_image(p) : uefi_for_kernel(p, p.kernel->format);
    return !p.machine.boot.linux_image && p.machine.image.path && uefi_for_disk(p);
}

void add_code(Planning& p, const Firmware& firmware) {
    p.add({.id = "firmware",
           .up = OpenFile{.path = firmware.executable.path},
           .because = p.origin("boot.firmware"),
           .because_key = "boot.firmware",
           .reasons = {}});
    if (firmware.mapping != Mapping::memory && p.machine.boot.confidential == Confidential::no)
        return add_flash(p, "firmware", firmware.executable.format, true, 0);
    Word path;
    path += Late{"firmware", Late::What::path};
    p.qemu.option("-bios", std::move(path));
}

/// Only code in System Management Mode may then write variables: an operating system could switch secure boot off otherwise.
void protect_variables(Planning& p, const Firmware& firmware) {
    if (firmware.has("secure-boot") && firmware.has("requires-smm") && firmware.mapping != Mapping::memory)
        p.qemu.option("-global", "driver=cfi.pflash01,property=secure,value=on");
}

void add_firmware(Planning& p, const Firmware& firmware) {
    protect_variables(p, firmware);
    if (firmware.mapping == Mapping::combined)
        return add_nvram(p, firmware.executable, 0);
    add_code(p, firmware);
    if (firmware.mapping == Mapping::split)
        add_nvram(p, firmware.nvram_template, 1);
    else
        p.reason("UEFI variables are forgotten because this firmware keeps none");
}

}  // namespace

std::string uefi_setting(const Machine& machine) {
    const Boot& boot = machine.boot;
    if (asks_for_uefi(boot.firmware))
        return "boot.firmware";
    if (boot.secure_boot == Want::yes)
        return "boot.secure-boot";
    if (boot.confidential != Confidential::no)
        return "boot.confidential";
    if (std::ranges::any_of(boot.firmware_features, [](const std::string& feature) { return !feature.starts_with('~'); }))
        return "boot.firmware-features";
    if (boot.nvram_template)
        return "boot.nvram-template";
    return boot.nvram_state.kind == StateKind::at ? "boot.nvram-state" : "";
}

bool may_need_uefi(const Machine& machine) {
    const bool excluded = machine.boot.firmware == FirmwareKind::bios || machine.boot.firmware == FirmwareKind::none;
    return !excluded && (machine.boot.linux_image || machine.image.path || machine.image.directory || machine.image.by_name);
}

void add_flash(Planning& p, const ResourceId& id, const std::string& format, bool read_only, int chip) {
    const std::string file = id + "-file";
    p.qemu.blockdev({{"driver", "file"}, {"node-name", file}, {"filename", p.qemu.fdset(id)}, {"read-only", read_only}});
    p.qemu.blockdev({{"driver", format}, {"node-name", id}, {"file", file}, {"read-only", read_only}});
    p.machine_options.push_back(fmt::format("pflash{}={}", chip, id));
}

void plan_firmware(Planning& p) {
    if (!wants_uefi(p))
        return;
    const std::string setting = uefi_setting(p.machine);
    p.firmware = choose_firmware(p, !setting.empty() ? setting : p.kernel ? p.kernel->key : "image.path");
    if (p.firmware)
        add_firmware(p, *p.firmware);
}

}  // namespace vmspawn
