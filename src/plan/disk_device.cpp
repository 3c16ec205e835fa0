// What the guest sees of a disk: the device, its serial number, its place in the boot order.
#include "plan/disk.hpp"
#include "plan/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

struct DiskKind {
    std::string_view driver;
    std::size_t longest_serial;  ///< characters
    bool scsi;
};

DiskKind kind_of(DiskType type) {
    switch (type) {
        case DiskType::virtio_blk:
            return {"virtio-blk-pci", 20, false};
        case DiskType::virtio_scsi:
            return {"scsi-hd", 30, true};
        case DiskType::nvme:
            return {"nvme", 20, false};
        case DiskType::scsi_cd:
            return {"scsi-cd", 30, true};
    }
    return {};
}

}  // namespace

std::string disk_serial(const Path& path, std::size_t longest) {
    const std::string name = path.filename().string();
    const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
    return !name.empty() && name.size() <= longest && plain ? name : sha256_hex(name, longest);
}

bool DiskDevices::has_device(const PlannedDisk& disk, std::string_view driver) {
    if (p_.has(fmt::format("device/{}", driver)))
        return true;
    const std::string own = disk.key + ".disk-type";
    p_.found.add(error(fmt::format("{}: QEMU {} has no device {}", own, p_.qemu_facts.version, driver),
                       p_.origin(p_.machine.said(own) ? own : "image.disk-type"))
                     .with_hint(fmt::format("{} is what this disk-type needs", p_.arch.package))
                     .with_error(EOPNOTSUPP));
    return false;
}

bool DiskDevices::add_controller(const PlannedDisk& disk) {
    if (!has_controller_ && has_device(disk, "virtio-scsi-pci")) {
        p_.qemu.device({{"driver", "virtio-scsi-pci"}, {"id", "scsi0"}});
        has_controller_ = true;
    }
    return has_controller_;
}

void DiskDevices::add(const PlannedDisk& disk) {
    const DiskKind kind = kind_of(disk.type);
    // Every QEMU has virtio-blk; of the others an older record of a host may know nothing.
    if (disk.type != DiskType::virtio_blk && !has_device(disk, kind.driver))
        return;
    if (kind.scsi && !add_controller(disk))
        return;
    nlohmann::ordered_json device{{"driver", kind.driver}, {"id", disk.node + "-disk"}};
    if (kind.scsi)
        device["bus"] = "scsi0.0";
    device["drive"] = disk.node;
    device["serial"] = disk_serial(disk.path, kind.longest_serial);
    if (disk.boot_order)
        device["bootindex"] = *disk.boot_order;
    p_.qemu.device(device);
}

}  // namespace vmspawn
