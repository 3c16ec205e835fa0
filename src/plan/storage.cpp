// The image and the extra drives: opened here, handed to QEMU as descriptors.
#include "plan/disk.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

using Layers = std::vector<DiskLayer>;

std::vector<const DiskFile*> files_of(const Layers& layers) {
    std::vector<const DiskFile*> files;
    for (const DiskLayer& layer : layers) {
        files.push_back(&layer.file);
        if (layer.data)
            files.push_back(&*layer.data);
    }
    return files;
}

/// Two writers, or a writer and a reader, of one file destroy each other's work.
void refuse_shared_file(Planning& p, const PlannedDisk& one, const Layers& its, const PlannedDisk& other, const Layers& theirs) {
    for (const DiskFile* a : files_of(its))
        for (const DiskFile* b : files_of(theirs)) {
            if (a->answer->identity != b->answer->identity || (!a->written && !b->written))
                continue;
            const bool plain = a->id == one.id && b->id == other.id;
            p.found.add(error(plain ? fmt::format("{}.path is the same file as {}.path", other.key, one.key)
                                    : fmt::format("{}.path and {}.path both use {}", other.key, one.key, p.shown(b->path)),
                              p.origin(other.key + ".path"))
                            .with_hint("two drives may share a file only if both are read-only")
                            .with_note("the other one", p.origin(one.key + ".path")));
            return;
        }
}

void refuse_same_boot_order(Planning& p, const PlannedDisk& one, const PlannedDisk& other) {
    if (!one.boot_order || one.boot_order != other.boot_order)
        return;
    p.found.add(
        error(fmt::format("{}.boot-order = {} is taken by {}", other.key, *other.boot_order, one.key), p.origin(other.key + ".boot-order"))
            .with_hint(one.id == "image" ? "the image is 1" : "each drive needs a number of its own"));
}

}  // namespace

std::vector<PlannedDisk> planned_disks(const Machine& machine) {
    std::vector<PlannedDisk> all;
    const Image& image = machine.image;
    if (image.path)
        all.push_back({.id = "image",
                       .key = "image",
                       .node = "image",
                       .path = *image.path,
                       .format = image.format,
                       .type = image.disk_type,
                       .read_only = image.disk_type == DiskType::scsi_cd,
                       .ephemeral = image.ephemeral,
                       .grow = image.grow,
                       .discard = image.discard,
                       .boot_order = 1,
                       .backing = image.backing});
    std::size_t index = 0;
    for (const Drive& drive : machine.drives) {
        const DiskType type = drive.disk_type.value_or(image.disk_type);
        all.push_back({.id = "drive." + drive.name,
                       .key = entry_key("drive", drive.name),
                       .node = qemu_id("drive", drive.name, index++),
                       .path = drive.path,
                       .format = drive.format,
                       .type = type,
                       .read_only = drive.read_only || type == DiskType::scsi_cd,
                       .discard = drive.discard,
                       .boot_order = drive.boot_order,
                       .backing = drive.backing});
    }
    return all;
}

void plan_storage(Planning& p) {
    const std::vector<PlannedDisk> all = planned_disks(p.machine);
    std::vector<Layers> layers;
    DiskDevices devices(p);
    for (const PlannedDisk& disk : all) {
        layers.push_back(judge_layers(p, disk));
        if (!layers.back().empty()) {
            add_disk_nodes(p, disk, layers.back());
            devices.add(disk);
        }
        for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
            refuse_shared_file(p, all[i], layers[i], disk, layers.back());
            refuse_same_boot_order(p, all[i], disk);
        }
    }
}

}  // namespace vmspawn
