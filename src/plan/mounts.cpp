// A directory as the guest's root, and directories and files that are shared with it: each has a virtiofsd of its own.
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/virtiofsd.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

constexpr std::uint32_t foreign_base = 0x7FFE0000;  ///< systemd's range for trees that belong to no user of the host
constexpr std::size_t longest_tag = 36;             ///< bytes, of virtio-fs

/// Serves `tree` as the guest's file system `tag`.
bool serve(Planning& p, const ResourceId& id, const std::string& node, const std::string& tag, ServedTree tree,
           std::vector<std::string> reasons) {
    tree.socket = "socket." + id;
    std::optional<Server> server = plan_server(p, tree);
    if (!server)
        return false;
    reasons.insert(reasons.end(), server->reasons.begin(), server->reasons.end());
    const Origin because = p.origin(tree.key);
    p.add({.id = tree.socket, .needs = {"runtime-dir"}, .up = Listen{"--socket-path="}, .because = because, .because_key = tree.key});
    p.add({.id = id,
           .needs = std::move(server->needs),
           .up = std::move(server->spawn),
           .because = because,
           .because_key = tree.key,
           .reasons = std::move(reasons)});
    share_memory(p);
    Word chardev(fmt::format("socket,id={},", node));
    chardev += Late{tree.socket, Late::What::chardev};
    p.qemu.option("-chardev", std::move(chardev));
    p.qemu.device({{"driver", "vhost-user-fs-pci"}, {"id", node + "-fs"}, {"chardev", node}, {"queue-size", 1024}, {"tag", tag}});
    return true;
}

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

/// The mount's name where virtio-fs and fstab take it, for those who mount by hand; else a number with a sign that no such name has.
std::string tag_of(const Mount& mount, std::size_t index) {
    const bool plain = std::ranges::all_of(mount.name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    });
    return plain && mount.name.size() <= longest_tag && mount.name != "root" ? mount.name : fmt::format("@{}", index);
}

/// Octal for what would end a field or a line, or start a comment.
std::string fstab_field(std::string_view text) {
    std::string field;
    for (const char c : text)
        field += c == ' ' || c == '\t' || c == '\n' || c == '\\' || c == '#' ? fmt::format("\\{:03o}", static_cast<unsigned char>(c))
                                                                             : std::string(1, c);
    return field;
}

/// For systemd.mount-extra=, whose fields end at colons and which must stay one kernel word.
std::string word_field(std::string_view text) {
    std::string field;
    for (const char c : text)
        field += c <= ' ' || c == ':' || c == '\\' || c == '"' || c == '\'' ? fmt::format("\\x{:02x}", static_cast<unsigned char>(c))
                                                                            : std::string(1, c);
    return field;
}

/// These directories are mounted over after the initrd: what it had mounted there would be hidden.
bool is_mounted_late(std::string_view target) {
    return std::ranges::any_of(std::array{"/run/", "/tmp/", "/dev/", "/proc/", "/sys/"},
                               [&](std::string_view start) { return target.starts_with(start); });
}

void tell_guest(Planning& p, const std::string& what, const std::string& where, const std::string& type, const std::string& options) {
    if (has_smbios(p))
        p.fstab.push_back(fmt::format("{} {} {} {} 0 0", fstab_field(what), fstab_field(where), type, options));
    else
        p.kernel_words.push_back(
            fmt::format("systemd.mount-extra={}:{}:{}:{}", word_field(what), word_field(where), type, word_field(options)));
}

void mount_in_guest(Planning& p, const Mount& mount, const std::string& tag, bool file) {
    const std::string access = mount.read_only ? "ro" : "rw";
    if (!file)
        return tell_guest(p, tag, mount.target, "virtiofs", access + (is_mounted_late(mount.target) ? "" : ",x-initrd.mount"));
    const std::string place = "/run/vmspawn/" + tag;
    tell_guest(p, tag, place, "virtiofs", access);
    tell_guest(p, place + "/file", mount.target, "none", "bind," + access);
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
    const std::string tag = tag_of(mount, index);
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
    if (!p.machine.mounts.empty() && !has_smbios(p))
        p.reason(fmt::format("shares are told by systemd.mount-extra= because a guest of {} has no SMBIOS without UEFI", p.arch.name));
}

}  // namespace vmspawn
