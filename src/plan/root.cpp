// Where the root is, for a kernel that is started directly: the tree, a partition of the image, or the image as a whole.
#include "host/version_order.hpp"
#include "plan/contributors.hpp"
#include "plan/disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

/// Types of UAPI.2 Discoverable Partitions Specification.
struct PartitionTypes {
    std::string_view arch;
    std::string_view root, root_verity, usr, usr_verity;
};
constexpr std::array<PartitionTypes, 3> types{{
    {"x86_64", "4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "8484680c-9521-48c6-9c11-b0720656f69e",
     "77ff5f63-e7b6-4633-acf4-1565b864c0e6"},
    {"aarch64", "b921b045-1df0-41c3-af44-4c6f280d3fae", "df3300ce-d69f-4c92-978c-9bfb0f38d820", "b0e01050-ee5f-4390-949a-9101b17104e9",
     "6e11a4e7-fbca-4ded-b9e9-e1a512bb664e"},
    {"riscv64", "72ec70a6-cf74-40e6-bd49-4bda08e8f224", "b6ed5582-440b-4209-b8da-5ff7c419ea3d", "beaec34b-8442-439b-a40b-984381ed097d",
     "8f1056be-9b05-47c4-81d6-be53128e5b54"},
}};

constexpr std::uint64_t no_auto = std::uint64_t{1} << 63, read_only = std::uint64_t{1} << 60;

std::string called(const Partition& partition) {
    return partition.name.empty() ? fmt::format("partition {}", partition.number)
                                  : fmt::format("partition {} \"{}\"", partition.number, partition.name);
}

struct FoundPartition {
    const Partition* partition = nullptr;
    std::size_t others = 0;  ///< of the same type
};

/// The one that may be found by itself; "_empty" is a slot for an update. Of several the newest by its name, as systemd takes an image
/// apart: an image may hold the version before an update and the one after it.
FoundPartition find_type(const DiskLayout& layout, std::string_view type) {
    FoundPartition found;
    for (const Partition& partition : layout.partitions) {
        if (partition.type != type || (partition.flags & no_auto) != 0 || partition.name == "_empty")
            continue;
        if (found.partition != nullptr)
            ++found.others;
        if (found.partition == nullptr || compare_versions(partition.name, found.partition->name) > 0)
            found.partition = &partition;
    }
    return found;
}

class ImageRoot {
public:
    ImageRoot(Planning& planning, const DiskLayout& layout) : p_(planning), layout_(layout) {}

    void plan() {
        if (!layout_.problem.empty())
            refuse(fmt::format("nobody could look for the root in {}: {}", shown(), layout_.problem));
        else if (!layout_.file_system.empty())
            take_whole();
        else
            take_partition();
    }

private:
    [[nodiscard]] std::string shown() const { return p_.shown(*p_.machine.image.path); }
    [[nodiscard]] bool is_uki() const { return p_.kernel->format == "uki"; }

    void refuse(std::string why) {
        if (is_uki()) {  // it may know better
            p_.reason(fmt::format("no root= word because {}; the unified kernel image may know its root", why));
            return;
        }
        p_.found.add(error("image.path: " + std::move(why), p_.origin("image.path"))
                         .with_hint("write the root into boot.cmdline, such as \"root=/dev/vda2\""));
    }

    void take_partition() {
        const auto* const of = std::ranges::find(types, p_.arch.name, &PartitionTypes::arch);
        if (const FoundPartition root = find_type(layout_, of->root); root.partition != nullptr)
            take(root, "root", find_type(layout_, of->root_verity).partition);
        else if (const FoundPartition usr = find_type(layout_, of->usr); usr.partition != nullptr)
            take(usr, "mount.usr", find_type(layout_, of->usr_verity).partition);
        else
            refuse(layout_.table.empty()
                       ? fmt::format("{} has neither a partition table nor a file system", shown())
                       : fmt::format("{} has no partition of the types that mean the root or /usr of {}", shown(), of->arch));
    }

    void take(const FoundPartition& found, std::string_view word, const Partition* verity) {
        const Partition& partition = *found.partition;
        if (verity != nullptr)
            return refuse(fmt::format("{} of {} is protected by the dm-verity data of {}, which a plain {}= word would pass by",
                                      called(partition), shown(), called(*verity), word));
        if (partition.file_system == "crypto_LUKS")
            return refuse(fmt::format("{} of {} is encrypted (LUKS)", called(partition), shown()));
        add(fmt::format("{}=PARTUUID={}", word, partition.uuid),
            fmt::format("{} of the image is the {} of {} by its type{}", called(partition), word == "root" ? "root" : "/usr", p_.arch.name,
                        found.others > 0 ? ", and the newest of its type by its name" : ""));
        if (word == "root")
            add_access((partition.flags & read_only) == 0);
    }

    /// udev names a disk after its serial; without an initrd only the kernel's own name is there.
    void take_whole() {
        if (layout_.file_system == "crypto_LUKS")
            return refuse(fmt::format("{} is encrypted (LUKS)", shown()));
        const bool has_udev = is_uki() || !p_.kernel->initrds.empty();
        add("root=" + (has_udev ? by_id() : std::string(kernel_name())),
            fmt::format("the image is one {} file system{}", layout_.file_system,
                        has_udev ? "" : ", and without an initrd there are no names below /dev/disk"));
        add_access(true);
    }

    /// A kernel that is not told mounts its root for reading only. The user's own "ro" comes later and wins.
    void add_access(bool writable) {
        p_.kernel_words.emplace_back(writable && p_.machine.image.disk_type != DiskType::scsi_cd ? "rw" : "ro");
    }

    [[nodiscard]] std::string by_id() const {
        const DiskType type = p_.machine.image.disk_type;
        const bool scsi = type == DiskType::virtio_scsi || type == DiskType::scsi_cd;
        const std::string name = disk_serial(*p_.machine.image.path, scsi ? 30 : 20);  // as disk_device.cpp gives it
        switch (type) {
            case DiskType::virtio_blk:
                return "/dev/disk/by-id/virtio-" + name;
            case DiskType::virtio_scsi:
                return "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_" + name;
            case DiskType::scsi_cd:
                return "/dev/disk/by-id/scsi-0QEMU_QEMU_CD-ROM_" + name;
            case DiskType::nvme:
                return "/dev/disk/by-id/nvme-QEMU_NVMe_Ctrl_" + name;
        }
        return {};
    }

    [[nodiscard]] std::string_view kernel_name() const {
        switch (p_.machine.image.disk_type) {
            case DiskType::virtio_blk:
                return "/dev/vda";
            case DiskType::virtio_scsi:
                return "/dev/sda";
            case DiskType::scsi_cd:
                return "/dev/sr0";
            case DiskType::nvme:
                return "/dev/nvme0n1";
        }
        return {};
    }

    void add(std::string word, std::string_view why) {
        p_.reason(fmt::format("{} among the kernel words because boot.cmdline names no root and {}", word, why));
        p_.kernel_words.push_back(std::move(word));
    }

    Planning& p_;
    const DiskLayout& layout_;
};

}  // namespace

bool names_a_root(const std::vector<std::string>& words) {
    constexpr std::string_view starts[] = {"root=", "mount.usr=", "roothash=", "usrhash="};
    return std::ranges::any_of(words, [&](std::string_view word) {
        return std::ranges::any_of(starts, [&](std::string_view start) { return word.starts_with(start); });
    });
}

void plan_root(Planning& p) {
    if (!p.kernel)
        return;
    const bool is_tree = p.machine.image.directory.has_value();
    const bool is_last = is_tree && p.machine.as_systemd_vmspawn;  // reference C.3
    if (!is_last && names_a_root(p.machine.boot.cmdline))
        return p.reason("no root= word of vmspawn's because boot.cmdline has one");
    std::vector<std::string>& words = is_last ? p.last_kernel_words : p.kernel_words;
    if (is_tree)
        words.insert(words.end(), {"root=root", "rootfstype=virtiofs", "rw"});
    else if (p.machine.image.path)
        ImageRoot(p, p.host.layouts.at(p.machine.image.path->string())).plan();
}

}  // namespace vmspawn
