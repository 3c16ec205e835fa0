// The image and the extra drives as the plan sees them, and what the storage contributor is made of.
#pragma once

#include "plan/contributors.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// The image or one drive.
struct PlannedDisk {
    ResourceId id;     ///< "image", "drive.data"
    std::string key;   ///< the table: "image", "drive.data"
    std::string node;  ///< an id that QEMU takes
    Path path;
    DiskFormat format = DiskFormat::raw;
    DiskType type = DiskType::virtio_blk;
    bool read_only = false;  ///< the guest may not write
    bool ephemeral = false;  ///< the guest writes elsewhere
    std::optional<Bytes> grow;
    bool discard = true;
    std::optional<std::uint32_t> boot_order;
    std::vector<Path> backing;  ///< what it may rest on outside its own directory
};

std::vector<PlannedDisk> planned_disks(const Machine& machine);

/// The file's name; where the device has no room for it (`longest` characters), or it is no plain text, as much of its SHA-256
/// (reference C.4).
std::string disk_serial(const Path& path, std::size_t longest);

/// One file that a disk is made of: the image itself, one that it rests on, or one that holds an image's data.
struct DiskFile {
    ResourceId id;     ///< "image", "image.backing1", "image.data"
    std::string node;  ///< of its bytes: "image-file"
    Path path;
    bool written = false;
    const FileAnswer* answer = nullptr;  ///< regular or block
};

/// An image of a chain: its bytes, and what they mean.
struct DiskLayer {
    std::string node;  ///< "image", "image-b1"
    DiskFormat format = DiskFormat::raw;
    DiskFile file;
    std::optional<DiskFile> data;
};

/// The image, then what each rests on. Empty after adding a problem: a wrong format, a file that is missing or not consented to.
std::vector<DiskLayer> judge_layers(Planning& planning, const PlannedDisk& disk);

/// Bytes that the guest sees of an image.
Bytes virtual_size(const DiskLayer& layer);

/// How the image is made larger before the start; nothing, with the reason in `reasons`, where it stays as it is.
std::optional<Grow> plan_grow(Planning& planning, const PlannedDisk& disk, const std::vector<DiskLayer>& layers,
                              std::vector<std::string>& reasons);

/// Opens the files, makes the overlay of an ephemeral disk, and gives QEMU their nodes. The guest's is called as the disk.
void add_disk_nodes(Planning& planning, const PlannedDisk& disk, const std::vector<DiskLayer>& layers);

/// The devices that the guest sees; the disks of SCSI share one controller.
class DiskDevices {
public:
    explicit DiskDevices(Planning& planning) : p_(planning) {}
    /// An error when this QEMU has no such device.
    void add(const PlannedDisk& disk);

private:
    Planning& p_;
    bool has_controller_ = false;

    bool add_controller(const PlannedDisk& disk);
    bool has_device(const PlannedDisk& disk, std::string_view driver);
};

}  // namespace vmspawn
