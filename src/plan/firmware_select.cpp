#include "plan/firmware_select.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fnmatch.h>

namespace vmspawn {

namespace {

using Mapping = Firmware::Mapping;
using Variables = FirmwareWish::Variables;

void include(FirmwareWish& wish, const std::string& feature) {
    wish.with.insert(feature);
    wish.without.erase(feature);
}

void exclude(FirmwareWish& wish, const std::string& feature) {
    wish.without.insert(feature);
    wish.with.erase(feature);
}

void wish_for_confidential(const Machine& machine, FirmwareWish& wish) {
    if (machine.boot.confidential == Confidential::no)
        return;
    wish.variables = Variables::none;
    include(wish, machine.boot.confidential == Confidential::sev_snp ? "amd-sev-snp" : "intel-tdx");
    if (machine.boot.confidential == Confidential::sev_snp && machine.boot.secure_boot == Want::yes)
        include(wish, "enrolled-keys");
}

bool runs_here(const FirmwareTarget& target, const FirmwareWish& wish) {
    return target.arch == wish.arch && std::ranges::any_of(target.machines, [&](const std::string& pattern) {
               return std::ranges::any_of(wish.machines,
                                          [&](const std::string& name) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
           });
}

std::string unmet_mapping(const Firmware& firmware, Variables variables) {
    switch (variables) {
        case Variables::any:
            return "";
        case Variables::kept:
            return firmware.mapping == Mapping::split || firmware.mapping == Mapping::combined ? "" : "it keeps no variables";
        case Variables::from_template:
            return firmware.mapping == Mapping::split ? "" : "it takes no template of variables";
        case Variables::none:
            if (firmware.mapping != Mapping::stateless && firmware.mapping != Mapping::memory)
                return "it keeps variables, which nobody measures";
            return firmware.executable.format == "raw" ? "" : "it is not a raw image";
    }
    return "";
}

std::string unmet_features(const Firmware& firmware, const FirmwareWish& wish) {
    for (const std::string& feature : wish.with)
        if (!firmware.has(feature))
            return fmt::format("it lacks the feature {}", feature);
    for (const std::string& feature : wish.without)
        if (firmware.has(feature))
            return fmt::format("it has the feature {}", feature);
    if (firmware.has("requires-smm") && !wish.smm)
        return "it needs SMM, which this machine has not";
    return "";
}

std::string unmet_files(const Firmware& firmware, const Host& host) {
    for (const std::string& path : firmware.files()) {
        const auto file = host.files.find(path);
        if (file == host.files.end() || file->second.type != FileAnswer::Type::regular)
            return fmt::format("its file {} is not there", path);
        if (!file->second.readable)
            return fmt::format("its file {} may not be read", path);
    }
    return "";
}

/// Code that is shared and gets its updates goes before a copy of all; variables that stay before those that are forgotten.
int rank(const Firmware& firmware) {
    return static_cast<int>(firmware.mapping);
}

}  // namespace

FirmwareWish firmware_wish(const Machine& machine, const GuestArch& arch, const QemuFacts& qemu) {
    FirmwareWish wish{.arch = arch.name, .machines = {std::string(arch.machine)}, .smm = arch.smm};
    if (const auto versioned = qemu.machines.find(wish.machines.front()); versioned != qemu.machines.end())
        wish.machines.push_back(versioned->second);
    const std::vector<std::string>& features = machine.boot.firmware_features;
    if (!features.empty() || !machine.said("boot.firmware-features"))
        exclude(wish, "enrolled-keys");
    for (const std::string& feature : features)
        if (feature.starts_with('~'))
            wish.without.insert(feature.substr(1));
    for (const std::string& feature : features)
        if (!feature.starts_with('~'))
            include(wish, feature);
    if (machine.boot.secure_boot == Want::yes)
        include(wish, "secure-boot");
    else if (machine.boot.secure_boot == Want::no)
        exclude(wish, "secure-boot");
    if (machine.boot.nvram_state.kind == StateKind::at)
        wish.variables = Variables::kept;
    if (machine.boot.nvram_template)
        wish.variables = Variables::from_template;
    wish_for_confidential(machine, wish);
    return wish;
}

std::string unmet(const Firmware& firmware, const FirmwareWish& wish, const Host& host) {
    if (!firmware.problem.empty())
        return firmware.problem;
    if (std::ranges::find(firmware.interfaces, "uefi") == firmware.interfaces.end())
        return "it is not UEFI";
    if (std::ranges::none_of(firmware.targets, [&](const FirmwareTarget& target) { return target.arch == wish.arch; }))
        return fmt::format("it is not for {}", wish.arch);
    if (std::ranges::none_of(firmware.targets, [&](const FirmwareTarget& target) { return runs_here(target, wish); }))
        return fmt::format("it is not for the machine {}", wish.machines.back());
    if (std::string missing = unmet_features(firmware, wish); !missing.empty())
        return missing;
    if (std::string mapping = unmet_mapping(firmware, wish.variables); !mapping.empty())
        return mapping;
    return unmet_files(firmware, host);
}

const Firmware* select_firmware(const std::vector<Firmware>& all, const FirmwareWish& wish, const Host& host) {
    const Firmware* best = nullptr;
    for (const Firmware& firmware : all)
        if (unmet(firmware, wish, host).empty() && (!best || rank(firmware) < rank(*best)))
            best = &firmware;
    return best;
}

}  // namespace vmspawn
