// A directory as the guest's root, and directories and files that are shared with it: each has a virtiofsd of its own.
#include "base/fstab.hpp"
#include "model/mount_tag.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/shares.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

constexpr std::uint32_t foreign_base = 0x7FFE0000;  ///< systemd's range for trees that belong to no user of the host

bool is_same_or_below(const Path& path, const Path& tree) {
    const Path inner = path.lexically_relative(tree);
    return !inner.empty() && *inner.begin() != "..";
}

Cache cache_of_root(const Planning& p, std::vector<std::string>& reasons) {
    const Image& image = p.machine.image;
    if (image.cache != Cache::automatic)
        return image.cache;
    for (const Mount& mount : p.machine.mounts)
        if (is_same_or_below(mount.source, *image.directory) || is_same_or_below(*image.directory, mount.source)) {
            reasons.push_back(fmt::format("cache = close-to-open because {} shares the same files", entry_key("mount", mount.name)));
            return Cache::close_to_open;
        }
    reasons.emplace_back("cache = always because nobody else should write to a running guest's root, and image.cache = auto");
    return Cache::always;
}

std::optional<IdShift> shift_of_root(Planning& p, std::uint32_t owner, std::vector<std::string>& reasons) {
    if (p.machine.image.private_users)
        return p.machine.image.private_users;
    const IdShift by_owner{.shift = owner};
    if (owner == p.host.uid || (p.host.uid != 0 && owner != foreign_base && !is_granted(p, by_owner)))
        return std::nullopt;
    reasons.push_back(fmt::format("the guest's ids start at {} on the host because the directory belongs to {}", owner, owner));
    return by_owner;
}

void add_root(Planning& p) {
    const std::string key = "image.directory";
    const Path& path = *p.machine.image.directory;
    const FileAnswer* answer = judge_file(p, {.path = path, .key = key, .directory = true, .regular = false});
    if (!answer)
        return;
    std::vector<std::string> reasons;
    ServedTree tree{.key = key,
                    .path = path,
                    .throw_away = p.machine.image.ephemeral,
                    .cache = cache_of_root(p, reasons),
                    .shift = shift_of_root(p, answer->owner, reasons)};
    serve(p, "tree", "tree", "root", std::move(tree), std::move(reasons));  // plan_root tells the kernel
}

void mount_in_guest(Planning& p, const Mount& mount, const std::string& tag, bool file) {
    const std::string access = mount.read_only ? "ro" : "rw";
    if (!file)
        return tell_guest(p, {tag, mount.target, "virtiofs", access + (is_mounted_late(mount.target) ? "" : ",x-initrd.mount")});
    const std::string place = "/run/vmspawn/" + tag;
    tell_guest(p, {tag, place, "virtiofs", access});
    tell_guest(p, {place + "/file", mount.target, "none", "bind," + access});
}

void add_share(Planning& p, const Mount& mount, std::size_t index) {
    const std::string key = entry_key("mount", mount.name, "source");
    const FileAnswer* answer = judge_file(p, {.path = mount.source, .key = key, .directory = true});
    if (!answer)
        return;
    const bool file = answer->type == FileAnswer::Type::regular;
    ServedTree tree{.key = key,
                    .path = mount.source,
                    .file = file,
                    .read_only = mount.read_only,
                    .submounts = true,
                    .cache = mount.cache == Cache::automatic ? Cache::close_to_open : mount.cache};
    const std::string tag = mount_tag(mount, index);
    std::vector<std::string> reasons;
    if (tag != mount.name)
        reasons.push_back(fmt::format("its tag in the guest is {} because virtio-fs or fstab would not take its name", tag));
    if (serve(p, "mount." + mount.name, qemu_id("mount", mount.name, index), tag, std::move(tree), std::move(reasons)))
        mount_in_guest(p, mount, tag, file);
}

}  // namespace

void plan_mounts(Planning& p) {
    if (p.machine.image.directory)
        add_root(p);
    for (std::size_t i = 0; i < p.machine.mounts.size(); ++i)
        add_share(p, p.machine.mounts[i], i);
}

}  // namespace vmspawn
