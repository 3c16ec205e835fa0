// A disk that is made larger before the start.
#include "plan/disk.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// The image for programs that get its file as descriptor 3. vmspawn holds the locks of that file.
Json image_record(const std::vector<DiskLayer>& layers) {
    Json below;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        const bool top = &*layer == &layers.front();
        const bool block = layer->file.answer->type == FileAnswer::Type::block;
        Json file{{"driver", block ? "host_device" : "file"}, {"filename", top ? "/proc/self/fd/3" : layer->file.path.string()}};
        if (top)
            file["locking"] = "off";
        Json record{{"driver", to_word(layer->format)}, {"file", std::move(file)}};
        if (!top)
            record["read-only"] = true;
        if (layer->data)
            record["data-file"] = {{"driver", "file"}, {"filename", layer->data->path.string()}};
        if (layer->format == DiskFormat::qcow2)
            record["backing"] = std::move(below);
        below = std::move(record);
    }
    return below;
}

constexpr std::string_view left_to_guest =
    "the copy of a GPT at the end of the disk is left to the guest (systemd-repart moves it) because ";

/// Why vmspawn cannot reach the partition table inside a qcow2 image; empty: it can.
std::string without_table(const Planning& p) {
    const auto fuse = p.host.files.find("/dev/fuse");
    if (fuse == p.host.files.end() || fuse->second.type != FileAnswer::Type::character || !fuse->second.writable)
        return "/dev/fuse cannot be used here";
    if (p.host.program("qemu-storage-daemon").empty())
        return "qemu-storage-daemon is not installed";
    // root mounts by itself
    return p.host.uid != 0 && p.host.program("fusermount3").empty() ? "fusermount3 is not installed (package fuse3)" : "";
}

std::optional<Grow> grow_qcow2(Planning& p, const PlannedDisk& disk, const std::vector<DiskLayer>& layers,
                               std::vector<std::string>& reasons) {
    const std::string key = disk.key + ".grow";
    Grow::Tools tools{.qemu_img = p.host.program("qemu-img"), .storage_daemon = "", .image = image_record(layers).dump()};
    if (tools.qemu_img.empty()) {
        p.found.add(error(fmt::format("{}: a qcow2 image grows by qemu-img, which is not installed", key), p.origin(key))
                        .with_hint("apt install qemu-utils")
                        .with_error(EOPNOTSUPP));
        return std::nullopt;
    }
    if (const std::string why = without_table(p); !why.empty())
        reasons.push_back(fmt::format("{}{}", left_to_guest, why));
    else
        tools.storage_daemon = p.host.program("qemu-storage-daemon");
    return Grow{.size = *disk.grow, .qcow2 = std::move(tools)};
}

}  // namespace

Bytes virtual_size(const DiskLayer& layer) {
    return layer.format == DiskFormat::qcow2 ? layer.file.answer->qcow2->size : layer.file.answer->size;
}

std::optional<Grow> plan_grow(Planning& planning, const PlannedDisk& disk, const std::vector<DiskLayer>& layers,
                              std::vector<std::string>& reasons) {
    if (!disk.grow)
        return std::nullopt;
    const DiskLayer& image = layers.front();
    const std::string key = disk.key + ".grow";
    const Bytes size = virtual_size(image);
    if (disk.ephemeral) {
        reasons.push_back(fmt::format("{}the image is only read: {} gives its overlay the larger size", left_to_guest, key));
        return std::nullopt;
    }
    if (image.file.answer->type == FileAnswer::Type::block && image.format == DiskFormat::raw) {
        reasons.push_back(fmt::format("{} = {} does nothing because a block device has the size that it has", key, *disk.grow));
        return std::nullopt;
    }
    // A raw image of just this size may be one whose partition table was left behind by a vmspawn that was killed.
    if (size > *disk.grow || (size == *disk.grow && image.format == DiskFormat::qcow2)) {
        reasons.push_back(fmt::format("{} = {} does nothing because the image has {} bytes", key, *disk.grow, size));
        return std::nullopt;
    }
    if (image.format == DiskFormat::qcow2)
        return grow_qcow2(planning, disk, layers, reasons);
    return Grow{.size = *disk.grow};
}

}  // namespace vmspawn
