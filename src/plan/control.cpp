// The control socket, and the ports for disks that come while the machine runs.
#include "plan/contributors.hpp"
#include "plan/disk.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>

namespace vmspawn {

namespace {

constexpr const char* port_device = "pcie-root-port";

std::vector<HotDiskType> disk_types(const Planning& p) {
    std::vector<HotDiskType> types{{.word = "virtio-blk", .driver = "virtio-blk-pci"},
                                   {.word = "virtio-scsi", .driver = "scsi-hd", .scsi = true},
                                   {.word = "nvme", .driver = "nvme"},
                                   {.word = "scsi-cd", .driver = "scsi-cd", .scsi = true, .read_only = true}};
    for (HotDiskType& type : types)
        if (!p.has(fmt::format("device/{}", type.driver)) || (type.scsi && !p.has("device/virtio-scsi-pci")))
            type.driver.clear();
    return types;
}

/// Each port costs a guest a moment of its start, most of all an emulated one, whose processor does the work. Callers of systemd-vmspawn
/// know of no setting, and count on disks that come later.
std::uint32_t default_port_count(Planning& p) {
    constexpr std::uint32_t usual = 4;
    const std::string key = "qemu.hotplug-ports";
    if (!p.kvm && p.kernel && !p.link && !p.machine.as_systemd_vmspawn) {
        p.reason(fmt::format("no PCI Express ports for disks that come later because they slow an emulated start and {} is not set", key));
        return 0;
    }
    return usual;
}

/// PCI Express takes nothing new on its root while the guest runs, so that what may come needs ports from the start.
std::uint32_t port_count(Planning& p) {
    const std::string key = "qemu.hotplug-ports";
    if (!p.has(fmt::format("device/{}", port_device))) {
        if (p.machine.qemu.hotplug_ports.value_or(0) != 0)
            p.found.add(error(fmt::format("{}: QEMU {} has no device {}", key, p.qemu_facts.version, port_device), p.origin(key))
                            .with_error(EOPNOTSUPP));
        return 0;
    }
    return p.machine.qemu.hotplug_ports ? *p.machine.qemu.hotplug_ports : default_port_count(p);
}

std::string port_name(std::uint32_t index) {
    return fmt::format("hotplug{}", index);
}

}  // namespace

void plan_control(Planning& p) {
    ServeControl control{.disk_types = disk_types(p), .io_uring = p.has("aio-io_uring")};
    for (const PlannedDisk& disk : planned_disks(p.machine)) {
        control.fixed.push_back(disk.id);
        if (disk.type == DiskType::virtio_scsi || disk.type == DiskType::scsi_cd)
            control.controller = "scsi0";
    }
    const std::uint32_t count = port_count(p);
    for (std::uint32_t i = 0; i < count; ++i)
        control.ports.push_back(port_name(i));
    const std::string key = "qemu.hotplug-ports";
    p.add({.id = "control",
           .needs = {"runtime-dir"},
           .up = std::move(control),
           .because = p.origin(key),
           .because_key = p.machine.said(key) ? key : ""});
}

/// Last among the devices, so that the others stand where they would without.
void plan_hotplug(Planning& p) {
    const auto& ports = std::get<ServeControl>(p.plan.find("control")->up).ports;
    for (std::size_t i = 0; i < ports.size(); ++i)  // chassis and slot: how the guest tells them apart
        p.qemu.device({{"driver", port_device}, {"id", ports[i]}, {"chassis", i + 1}, {"slot", i + 1}});
}

}  // namespace vmspawn
