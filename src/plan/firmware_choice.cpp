// The descriptor of a machine's firmware: named by the definition, or selected among the host's.
#include "base/text.hpp"
#include "plan/files.hpp"
#include "plan/firmware.hpp"
#include "plan/firmware_select.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

std::string file_name(const Firmware& firmware) {
    return printable(Path(firmware.path).filename().string());
}

/// UEFI for this architecture: worth a word when it is passed over.
bool concerns(const Firmware& firmware, const GuestArch& arch) {
    return std::ranges::find(firmware.interfaces, "uefi") != firmware.interfaces.end() &&
           std::ranges::any_of(firmware.targets, [&](const FirmwareTarget& target) { return target.arch == arch.name; });
}

void refuse_all(Planning& p, const FirmwareWish& wish, const std::string& said_by) {
    Diagnostic problem = error("", p.origin(said_by)).with_error(EOPNOTSUPP);
    for (const Firmware& firmware : *p.host.firmware)
        if (concerns(firmware, p.arch))
            problem.notes.push_back({fmt::format("{}: {}", file_name(firmware), unmet(firmware, wish, p.host)), FromDefault{}});
    if (problem.notes.empty()) {
        problem.summary = fmt::format("{}: there is no UEFI firmware for {} guests on this host", said_by, p.arch.name);
        problem.hint = fmt::format("apt install {}", p.arch.firmware_package);
        if (said_by == "image.path" && p.arch.bios)
            problem.hint += ", or set boot.firmware = \"bios\" for a disk with a BIOS boot loader";
    } else {
        problem.summary = fmt::format("{}: no UEFI firmware of this host serves", said_by);
        problem.hint = "vmspawn run --firmware=list names them all";
    }
    p.found.add(std::move(problem));
}

const Firmware* select(Planning& p, const std::string& said_by) {
    const FirmwareWish wish = firmware_wish(p.machine, p.arch, p.qemu_facts);
    const Firmware* chosen = select_firmware(*p.host.firmware, wish, p.host);
    if (!chosen) {
        refuse_all(p, wish, said_by);
        return nullptr;
    }
    std::string passed_over;
    for (const Firmware* firmware = p.host.firmware->data(); firmware != chosen; ++firmware)
        if (concerns(*firmware, p.arch)) {
            const std::string reason = unmet(*firmware, wish, p.host);
            passed_over += fmt::format("; not {}: {}", file_name(*firmware), reason.empty() ? "it keeps no variables of its own" : reason);
        }
    p.reason(fmt::format("firmware by {}: {}{}", file_name(*chosen), chosen->description, passed_over));
    return chosen;
}

const Firmware* named(Planning& p) {
    const Path& path = p.machine.boot.firmware_descriptor;
    if (!judge_file(p, {.path = path, .key = "boot.firmware"}))
        return nullptr;
    const Firmware& firmware = p.host.descriptors.at(path.string());
    // The user's word counts for the machine's name and for enrolled keys, not for what could not start at all.
    Firmware claimed = firmware;
    for (FirmwareTarget& target : claimed.targets)
        target.machines = {"*"};
    FirmwareWish wish = firmware_wish(p.machine, p.arch, p.qemu_facts);
    if (std::ranges::find(p.machine.boot.firmware_features, "~enrolled-keys") == p.machine.boot.firmware_features.end())
        wish.without.erase("enrolled-keys");
    const std::string problem = unmet(claimed, wish, p.host);
    if (problem.empty()) {
        p.reason(fmt::format("firmware by {} because boot.firmware names it", p.shown(path)));
        return &firmware;
    }
    p.found.add(error(fmt::format("boot.firmware: {} does not serve", p.shown(path)), p.origin("boot.firmware")).with_hint(problem));
    return nullptr;
}

}  // namespace

const Firmware* choose_firmware(Planning& p, const std::string& said_by) {
    return p.machine.boot.firmware == FirmwareKind::descriptor ? named(p) : select(p, said_by);
}

}  // namespace vmspawn
