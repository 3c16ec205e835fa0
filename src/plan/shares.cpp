#include "plan/shares.hpp"

#include "base/fstab.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

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

void tell_guest(Planning& p, const GuestMount& mount) {
    if (told_by_smbios(p)) {
        p.fstab.push_back(fmt::format("{} {} {} {} 0 0", fstab_field(mount.what), fstab_field(mount.where), mount.type, mount.options));
        return;
    }
    p.kernel_words.push_back(fmt::format("systemd.mount-extra={}:{}:{}:{}", mount_word_field(mount.what), mount_word_field(mount.where),
                                         mount.type, mount_word_field(mount.options)));
    const std::string why = fmt::format("shares are told by systemd.mount-extra= because {}",
                                        has_smbios(p) ? "SMBIOS is no part of what SEV-SNP measures, and the kernel's words are"
                                                      : fmt::format("a guest of {} has no SMBIOS without UEFI", p.arch.name));
    if (std::ranges::find(p.qemu_reasons, why) == p.qemu_reasons.end())
        p.reason(why);
}

}  // namespace vmspawn
