// Rules about the root, and about disks among each other.
#include "model/rule_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace vmspawn::check {

namespace {

bool has_root(const Machine& m) {
    return m.image.path || m.image.directory || m.image.by_name;
}

bool names_a_root(const Machine& m) {
    return std::ranges::any_of(m.boot.cmdline, [](const std::string& word) { return word.starts_with("root="); });
}

/// By convention of the Boot Loader Specification; a UKI brings its own initrd.
bool looks_like_uki(const Path& kernel) {
    return kernel.extension() == ".efi" || kernel.extension() == ".EFI";
}

DiskType type_of(const Machine& m, const Drive& drive) {
    return drive.disk_type.value_or(m.image.disk_type);
}

/// One disk of the machine, as far as it can get in the way of another.
struct Disk {
    std::string key;  ///< of its path
    std::string called;
    Path path;
    bool written;
};

std::vector<Disk> disks(const Machine& m) {
    std::vector<Disk> all;
    if (m.image.path)
        all.push_back({"image.path", "image.path", *m.image.path, !m.image.ephemeral && m.image.disk_type != DiskType::scsi_cd});
    for (const Drive& drive : m.drives)
        all.push_back({entry_key("drive", drive.name, "path"), fmt::format("drive '{}'", drive.name), drive.path,
                       !drive.read_only && type_of(m, drive) != DiskType::scsi_cd});
    return all;
}

}  // namespace

void one_root(const Machine& m, Diagnostics& found) {
    if (!m.image.path || !m.image.directory)
        return;
    // The one that overrides is the one to look at: a flag over a file's key.
    const bool path_by_flag = std::holds_alternative<FromArgument>(m.origin_of("image.path"));
    const auto [key, cause] = path_by_flag ? std::pair{"image.path", "image.directory"} : std::pair{"image.directory", "image.path"};
    found.add(conflict(m, key, "image.path and image.directory exclude each other", "keep one: a disk image or a directory tree", cause));
}

void something_to_boot(const Machine& m, Diagnostics& found) {
    if (has_root(m) || !m.drives.empty() || !m.qemu.extra.empty())
        return;
    if (!m.boot.linux_image) {
        if (m.boot.initrds.empty())  // else initrd_needs_kernel speaks
            found.add(conflict(m, "", "there is nothing to boot", "add image.path, image.directory, or boot.linux with boot.initrd"));
        return;
    }
    if (m.boot.initrds.empty() && !names_a_root(m) && !looks_like_uki(*m.boot.linux_image))
        found.add(
            conflict(m, "boot.linux", "boot.linux has no root file system to start", "add boot.initrd, image.path or image.directory"));
}

void image_settings_need_image(const Machine& m, Diagnostics& found) {
    if (m.image.path || m.image.by_name)
        return;
    const bool type_is_used = std::ranges::any_of(m.drives, [](const Drive& drive) { return !drive.disk_type; });
    for (const std::string_view key : {"image.format", "image.backing", "image.disk-type", "image.discard", "image.grow"})
        if (m.said(key) && !(key == "image.disk-type" && type_is_used))
            found.add(
                conflict(m, key, fmt::format("{} needs image.path", key), "there is no disk image that it applies to", "image.directory"));
}

void ephemeral_needs_root(const Machine& m, Diagnostics& found) {
    if (m.image.ephemeral && !has_root(m))
        found.add(conflict(m, "image.ephemeral", "image.ephemeral needs image.path or image.directory",
                           "there is nothing whose changes could be thrown away"));
}

void ephemeral_excludes_drives(const Machine& m, Diagnostics& found) {
    if (m.image.ephemeral && !m.drives.empty())
        found.add(conflict(m, "image.ephemeral", "--ephemeral and --extra-drive exclude each other",
                           "as vmspawn run the image alone is ephemeral, and drives keep what is written",
                           entry_key("drive", m.drives.front().name)));
}

void private_users_need_directory(const Machine& m, Diagnostics& found) {
    if (m.image.private_users && !m.image.directory && !m.image.by_name)
        found.add(conflict(m, "image.private-users", "image.private-users needs image.directory",
                           "only a directory tree has owners to shift", "image.path"));
}

void cd_is_read_only(const Machine& m, Diagnostics& found) {
    if (m.image.disk_type == DiskType::scsi_cd) {
        const auto refuse = [&](std::string_view key) {
            found.add(conflict(m, key, fmt::format("{} has no effect on a scsi-cd disk", key), "a CD-ROM is read-only", "image.disk-type"));
        };
        if (m.image.grow)
            refuse("image.grow");
        if (m.image.ephemeral)
            refuse("image.ephemeral");
        if (m.image.discard && m.said("image.discard"))
            refuse("image.discard");
    }
    for (const Drive& drive : m.drives) {
        const std::string key = entry_key("drive", drive.name, "read-only");
        const std::string own = entry_key("drive", drive.name, "disk-type");
        if (type_of(m, drive) == DiskType::scsi_cd && !drive.read_only && m.said(key))
            found.add(conflict(m, key, fmt::format("{} = false asks for a writable CD-ROM", key), "a scsi-cd disk is read-only",
                               drive.disk_type ? std::string_view(own) : "image.disk-type"));
    }
}

void one_drive_each_file(const Machine& m, Diagnostics& found) {
    std::map<Path, Disk> first;
    for (const Disk& disk : disks(m)) {
        const auto [it, is_new] = first.try_emplace(disk.path, disk);
        if (!is_new && (disk.written || it->second.written))
            found.add(conflict(m, disk.key, fmt::format("{} is the file of {} as well", disk.called, it->second.called),
                               "one file can be one writable disk only", it->second.key));
    }
}

void one_boot_order_each(const Machine& m, Diagnostics& found) {
    std::map<std::uint32_t, std::string> first;
    if (m.image.path)
        first.emplace(1, "image.path");
    for (const Drive& drive : m.drives) {
        if (!drive.boot_order)
            continue;
        const std::string key = entry_key("drive", drive.name, "boot-order");
        const auto [it, is_new] = first.try_emplace(*drive.boot_order, key);
        if (!is_new)
            found.add(conflict(m, key, fmt::format("boot-order {} is taken", *drive.boot_order),
                               it->second == "image.path" ? "the image has 1" : "give each drive its own number", it->second));
    }
}

}  // namespace vmspawn::check
