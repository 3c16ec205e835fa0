// Directories of the host by virtiofs.
#include "base/fstab.hpp"
#include "export/libvirt.hpp"
#include "model/mount_tag.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

pugi::xml_node share(Domain& d, const std::string& key, const Path& source, const std::string& tag, Cache cache) {
    pugi::xml_node node = append(d.devices, "filesystem", {{"type", "mount"}, {"accessmode", "passthrough"}});
    append(node, "driver", {{"type", "virtiofs"}});
    if (cache == Cache::always || cache == Cache::never)
        append(append(node, "binary"), "cache", {{"mode", cache == Cache::always ? "always" : "none"}});
    append(node, "source", {{"dir", d.path(key, source)}});
    append(node, "target", {{"dir", tag}});
    d.shares_memory = true;
    return node;
}

void add_id_map(pugi::xml_node node, const IdShift& ids) {
    pugi::xml_node map = append(node, "idmap");
    for (const char* kind : {"uid", "gid"})
        append(map, kind, {{"start", "0"}, {"target", std::to_string(ids.shift)}, {"count", std::to_string(ids.range)}});
}

void add_tree(Domain& d) {
    const Image& image = d.machine.image;
    pugi::xml_node node =
        share(d, "image.directory", *image.directory, "root", image.cache == Cache::automatic ? Cache::always : image.cache);
    if (image.private_users)
        add_id_map(node, *image.private_users);
    if (!names_a_root(d.machine))
        d.words.insert(d.words.end(), {"root=root", "rootfstype=virtiofs", "rw"});
    if (!d.machine.boot.linux_image)
        d.ledger.lost("image.directory", "vmspawn finds the kernel in the tree: here boot.linux must name it");
    if (image.ephemeral)
        d.ledger.lost("image.ephemeral", "libvirt shares a directory as it is: what the guest writes stays");
}

void tell_guest(Domain& d, const std::string& tag, const std::string& target, std::string_view access) {
    const std::string options = fmt::format("{}{}", access, is_mounted_late(target) ? "" : ",x-initrd.mount");
    if (d.told_by_smbios())
        d.fstab.push_back(fmt::format("{} {} virtiofs {} 0 0", tag, fstab_field(target), options));
    else
        d.words.push_back(fmt::format("systemd.mount-extra={}:{}:virtiofs:{}", tag, mount_word_field(target), options));
}

void add_mount(Domain& d, const Mount& mount, std::size_t index) {
    const std::string key = entry_key("mount", mount.name);
    const auto key_of = [&](const char* leaf) { return entry_key("mount", mount.name, leaf); };
    const std::string tag = mount_tag(mount, index);
    pugi::xml_node node = share(d, key_of("source"), mount.source, tag, mount.cache);
    if (mount.read_only)  // libvirt before 11.0 refuses it, and so does not share for writing what should only be read
        append(node, "readonly");
    tell_guest(d, tag, d.text(key_of("target"), mount.target), mount.read_only ? "ro" : "rw");
    d.ledger.kept(key);
    d.ledger.settle(key_of("target"), d.told_by_smbios() || has_plain_kernel(d.machine),
                    fmt::format("nothing tells this guest: there, mount -t virtiofs {}", tag));
    for (const char* leaf : {"source", "cache", "read-only"})
        d.ledger.kept(key_of(leaf));
}

}  // namespace

void add_shares(Domain& d) {
    const bool has_tree = d.machine.image.directory.has_value();
    if (has_tree)
        add_tree(d);
    d.ledger.kept("image.directory");
    d.ledger.settle("image.private-users", has_tree, "there is no directory whose ids would be shifted");
    d.ledger.settle("image.cache", has_tree, "there is no directory that would be cached");
    for (std::size_t i = 0; i < d.machine.mounts.size(); ++i)
        add_mount(d, d.machine.mounts[i], i);
    if (!d.shares_memory)
        return;
    pugi::xml_node backing = append(d.root, "memoryBacking");
    append(backing, "source", {{"type", "memfd"}});
    append(backing, "access", {{"mode", "shared"}});
}

}  // namespace vmspawn
