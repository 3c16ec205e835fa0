// The image and the extra drives: opened here, handed to QEMU as descriptors.
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/sha256.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

/// The image or one drive.
struct Disk {
    ResourceId id;     ///< "image", "drive.data"
    std::string key;   ///< the table: "image", "drive.data"
    std::string node;  ///< an id that QEMU takes
    Path path;
    DiskFormat format = DiskFormat::raw;
    DiskType type = DiskType::virtio_blk;
    bool read_only = false;
    bool discard = true;
    std::optional<std::uint32_t> boot_order;
    std::string identity;  ///< of the file, filled in when judged
};

std::vector<Disk> disks(const Machine& machine) {
    std::vector<Disk> all;
    const Image& image = machine.image;
    if (image.path)
        all.push_back({"image", "image", "image", *image.path, image.format, image.disk_type, false, image.discard, 1, {}});
    std::size_t index = 0;
    for (const Drive& drive : machine.drives)
        all.push_back({"drive." + drive.name,
                       entry_key("drive", drive.name),
                       qemu_id("drive", drive.name, index++),
                       drive.path,
                       drive.format,
                       drive.disk_type.value_or(image.disk_type),
                       drive.read_only,
                       drive.discard,
                       drive.boot_order,
                       {}});
    return all;
}

/// The file's name; where the device has no room for it, or it is no plain text, as much of its SHA-256.
std::string serial(const Path& path) {
    constexpr std::size_t longest = 20;
    const std::string name = path.filename().string();
    const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
    return !name.empty() && name.size() <= longest && plain ? name : sha256_hex(name, longest);
}

bool has_right_format(Planning& p, const Disk& disk, const FileAnswer& answer) {
    if (disk.format == DiskFormat::qcow2) {
        refuse_not_built(p, disk.key + ".format", to_word(disk.format));
        return false;
    }
    if (answer.format != "qcow2")
        return true;
    const std::string key = disk.key + ".path";
    p.found.add(error(fmt::format("{}: {} is a qcow2 image, and would be taken for a raw one", key, p.shown(disk.path)), p.origin(key))
                    .with_hint(fmt::format("set {}.format = \"qcow2\"", disk.key)));
    return false;
}

void add_nodes(Planning& p, const Disk& disk, bool block) {
    const std::string file = disk.node + "-file";
    const std::string discard = disk.discard && !disk.read_only ? "unmap" : "ignore";
    nlohmann::ordered_json node{{"driver", block ? "host_device" : "file"},
                                {"node-name", file},
                                {"filename", p.qemu.fdset(disk.id)},
                                {"read-only", disk.read_only},
                                {"cache", {{"direct", false}, {"no-flush", false}}},
                                {"discard", discard}};
    if (p.has("aio-io_uring"))
        node["aio"] = "io_uring";
    p.qemu.blockdev(node);
    p.qemu.blockdev({{"driver", "raw"}, {"node-name", disk.node}, {"file", file}, {"read-only", disk.read_only}, {"discard", discard}});
}

void add_device(Planning& p, const Disk& disk) {
    nlohmann::ordered_json device{
        {"driver", "virtio-blk-pci"}, {"id", disk.node + "-disk"}, {"drive", disk.node}, {"serial", serial(disk.path)}};
    if (disk.boot_order)
        device["bootindex"] = *disk.boot_order;
    p.qemu.device(device);
}

void add_disk(Planning& p, Disk& disk) {
    const std::string key = disk.key + ".path";
    const FileAnswer* answer = judge_file(p, {.path = disk.path,
                                              .key = key,
                                              .writable = !disk.read_only,
                                              .block = true,
                                              .read_only = disk.id == "image" ? "" : disk.key + ".read-only"});
    if (!answer || !has_right_format(p, disk, *answer))
        return;
    if (disk.type != DiskType::virtio_blk)
        refuse_not_built(p, disk.key + ".disk-type", to_word(disk.type));
    disk.identity = answer->identity;
    p.add({.id = disk.id,
           .up = OpenFile{.path = disk.path.string(), .writable = !disk.read_only, .lock = OpenFile::Lock::qemu},
           .because = p.origin(key),
           .because_key = key});
    add_nodes(p, disk, answer->type == FileAnswer::Type::block);
    add_device(p, disk);
}

/// Two writers, or a writer and a reader, of one file destroy each other's work.
void refuse_shared_file(Planning& p, const Disk& one, const Disk& other) {
    if (one.identity.empty() || one.identity != other.identity || (one.read_only && other.read_only))
        return;
    p.found.add(error(fmt::format("{}.path is the same file as {}.path", other.key, one.key), p.origin(other.key + ".path"))
                    .with_hint("two drives may share a file only if both are read-only")
                    .with_note("the other one", p.origin(one.key + ".path")));
}

void refuse_same_boot_order(Planning& p, const Disk& one, const Disk& other) {
    if (!one.boot_order || one.boot_order != other.boot_order)
        return;
    p.found.add(
        error(fmt::format("{}.boot-order = {} is taken by {}", other.key, *other.boot_order, one.key), p.origin(other.key + ".boot-order"))
            .with_hint(one.id == "image" ? "the image is 1" : "each drive needs a number of its own"));
}

}  // namespace

void plan_storage(Planning& p) {
    std::vector<Disk> all = disks(p.machine);
    for (auto disk = all.begin(); disk != all.end(); ++disk) {
        add_disk(p, *disk);
        for (auto earlier = all.begin(); earlier != disk; ++earlier) {
            refuse_shared_file(p, *earlier, *disk);
            refuse_same_boot_order(p, *earlier, *disk);
        }
    }
}

}  // namespace vmspawn
