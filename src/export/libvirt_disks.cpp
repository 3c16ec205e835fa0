// The image and the drives.
#include "base/text.hpp"
#include "export/libvirt.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// One disk, whether it is the image or a drive.
struct ExportedDisk {
    std::string key;  ///< of the table it stands in: "image", drive.data
    std::string name;
    Path path;
    DiskFormat format = DiskFormat::raw;
    DiskType type = DiskType::virtio_blk;
    bool read_only = false, discard = true, ephemeral = false;
};

struct DiskNames {
    std::size_t virtio = 0, scsi = 0;
};

/// "a" … "z", "aa" …
std::string letters(std::size_t number) {
    std::string text;
    for (++number; number > 0; number = (number - 1) / 26)
        text.insert(text.begin(), static_cast<char>('a' + (number - 1) % 26));
    return text;
}

bool is_scsi(DiskType type) {
    return type == DiskType::virtio_scsi || type == DiskType::scsi_cd;
}

/// As vmspawn: the file's name. Longer ones are hashed there; here they have none.
std::string serial_of(const ExportedDisk& disk) {
    const std::string name = disk.path.filename().string();
    const bool plain = std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; });
    return plain && name.size() <= (is_scsi(disk.type) ? 30 : 20) ? name : std::string();
}

void add_disk(Domain& d, const ExportedDisk& disk, DiskNames& names) {
    const auto key = [&](const char* leaf) { return disk.key + "." + leaf; };
    const bool is_cd = disk.type == DiskType::scsi_cd, scsi = is_scsi(disk.type);
    const bool is_block = disk.path.native().starts_with("/dev/");
    pugi::xml_node node = append(d.devices, "disk", {{"type", is_block ? "block" : "file"}, {"device", is_cd ? "cdrom" : "disk"}});
    append(node, "driver", {{"name", "qemu"}, {"type", std::string(to_word(disk.format))}, {"discard", disk.discard ? "unmap" : "ignore"}});
    append(node, "source", {{is_block ? "dev" : "file", d.path(key("path"), disk.path)}});
    append(node, "target",
           {{"dev", scsi ? "sd" + letters(names.scsi++) : "vd" + letters(names.virtio++)}, {"bus", scsi ? "scsi" : "virtio"}});
    if (disk.read_only || is_cd)
        append(node, "readonly");
    if (disk.ephemeral)
        append(node, "transient", {{"shareBacking", "yes"}});
    const std::vector<std::string> order = boot_order(d.machine);
    if (const auto place = std::ranges::find(order, disk.name); place != order.end())
        append(node, "boot", {{"order", std::to_string(place - order.begin() + 1)}});
    if (const std::string serial = serial_of(disk); !serial.empty())
        append_text(node, "serial", serial);
    for (const char* leaf : {"path", "format", "read-only", "discard", "ephemeral", "boot-order"})
        d.ledger.kept(key(leaf));
    d.ledger.settle(key("disk-type"), disk.type != DiskType::nvme, "libvirt 11 has no emulated NVMe disk: it is virtio-blk");
    d.ledger.lost(key("backing"), "libvirt opens whatever the image names as its backing file");
}

void add_image(Domain& d, DiskNames& names) {
    const Image& image = d.machine.image;
    if (image.path)
        add_disk(d,
                 {.key = "image",
                  .path = *image.path,
                  .format = image.format,
                  .type = image.disk_type,
                  .discard = image.discard,
                  .ephemeral = image.ephemeral},
                 names);
    d.ledger.lost("image.grow", "libvirt does not enlarge images: use qemu-img resize");
}

}  // namespace

void add_disks(Domain& d) {
    const std::vector<Drive>& drives = d.machine.drives;
    const auto type_of = [&](const Drive& drive) { return drive.disk_type.value_or(d.machine.image.disk_type); };
    DiskNames names;
    add_image(d, names);
    for (const Drive& drive : drives) {
        const std::string key = entry_key("drive", drive.name);
        d.ledger.kept(key);
        add_disk(d,
                 {.key = key,
                  .name = drive.name,
                  .path = drive.path,
                  .format = drive.format,
                  .type = type_of(drive),
                  .read_only = drive.read_only,
                  .discard = drive.discard},
                 names);
    }
    if (names.scsi > 0)
        append(d.devices, "controller", {{"type", "scsi"}, {"model", "virtio-scsi"}});
}

}  // namespace vmspawn
