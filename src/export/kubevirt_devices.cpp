// Firmware, disks and networks of a machine in a cluster.
#include "base/text.hpp"
#include "export/kubevirt.hpp"
#include "export/texts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vmspawn {

namespace {

using Json = Cluster::Json;

/// kubevirt takes kernel and initrd from an image of a container, which must be built.
void add_kernel(Cluster& c, Json& firmware) {
    const Boot& boot = c.machine.boot;
    std::vector<std::string> words{"console=" + serial_device(c.arch)};
    words.insert(words.end(), boot.cmdline.begin(), boot.cmdline.end());
    Json container{{"image", c.name + "-boot:latest"}, {"kernelPath", "/" + boot.linux_image->filename().string()}};
    if (!boot.initrds.empty())
        container["initrdPath"] = "/" + boot.initrds.front().filename().string();
    firmware["kernelBoot"] = {{"container", std::move(container)}, {"kernelArgs", fmt::format("{}", fmt::join(words, " "))}};
    const std::string where = fmt::format("a cluster has no files of a host: put it into the container image {}-boot", c.name);
    c.ledger.lost("boot.linux", where);
    c.ledger.lost("boot.initrd", boot.initrds.size() > 1 ? where + ", joined into one file" : where);
}

void add_bootloader(Cluster& c, Json& firmware) {
    const Boot& boot = c.machine.boot;
    if (c.way == WayToStart::bios)
        firmware["bootloader"] = {{"bios", Json::object()}};
    if (c.way != WayToStart::uefi)
        return;
    Json efi{{"secureBoot", boot.secure_boot == Want::yes}};
    if (c.machine.said("boot.nvram-state"))
        efi["persistent"] = boot.nvram_state.kind != StateKind::off;
    firmware["bootloader"] = {{"efi", std::move(efi)}};
    if (boot.secure_boot == Want::yes)
        c.spec["domain"]["features"] = {{"smm", {{"enabled", true}}}};
}

void settle_boot(Cluster& c) {
    const Boot& boot = c.machine.boot;
    const bool uefi = c.way == WayToStart::uefi;
    c.ledger.settle("boot.firmware", boot.firmware != FirmwareKind::descriptor, "KubeVirt brings its own firmware");
    c.ledger.lost("boot.firmware-features", "KubeVirt brings its own firmware: secure boot is all that can be asked for");
    c.ledger.settle("boot.secure-boot", boot.secure_boot == Want::no || (uefi && boot.secure_boot == Want::yes),
                    "KubeVirt has no auto: secure boot is off");
    c.ledger.lost("boot.nvram-template", "KubeVirt takes the variables that come with its firmware");
    c.ledger.settle("boot.nvram-state", uefi && boot.nvram_state.kind != StateKind::at,
                    "the cluster keeps the variables in a volume of its own");
    c.ledger.lost("boot.unpack", "KubeVirt hands the kernel to QEMU as it is");
    c.ledger.settle("boot.cmdline", boot.linux_image.has_value(), "no kernel reads the words: they reach only one that boot.linux names");
    c.ledger.kept("boot.confidential");
    if (boot.confidential != Confidential::no)
        c.spec["domain"]["launchSecurity"] = {{boot.confidential == Confidential::sev_snp ? "snp" : "tdx", Json::object()}};
}

struct ClusterDisk {
    std::string key;
    std::string name;  ///< of a drive; empty: the image
    Path path;
    DiskFormat format = DiskFormat::raw;
    DiskType type = DiskType::virtio_blk;
    bool read_only = false, discard = true, ephemeral = false;
};

void settle_disk(Cluster& c, const ClusterDisk& disk, const std::string& claim) {
    const auto key = [&](const char* leaf) { return disk.key + "." + leaf; };
    std::string size = "SIZE";
    if (disk.name.empty() && c.machine.image.grow)
        size = std::to_string(*c.machine.image.grow);
    c.ledger.lost(key("path"),
                  printable(fmt::format("a cluster has no files of a host: virtctl image-upload pvc {} --size={} --image-path={}", claim,
                                        size, shell_quote(disk.path.native()))));
    c.ledger.settle(key("format"), disk.format == DiskFormat::raw, "the upload makes a raw image of it");
    c.ledger.lost(key("backing"), "the upload makes one image of the chain, which must be flattened before: qemu-img convert");
    c.ledger.settle(key("disk-type"), disk.type != DiskType::nvme, "KubeVirt has no NVMe disks: it is virtio");
    c.ledger.settle(key("discard"), disk.discard, "KubeVirt always passes on what the guest discards");
    for (const char* leaf : {"read-only", "ephemeral", "boot-order"})
        c.ledger.kept(key(leaf));
}

void add_disk(Cluster& c, const ClusterDisk& disk) {
    const std::string name = c.own_name(disk.name.empty() ? "image" : disk.name), claim = c.name + "-" + name;
    const bool is_cd = disk.type == DiskType::scsi_cd;
    Json target{{"bus", is_cd || disk.type == DiskType::virtio_scsi ? "scsi" : "virtio"}};
    if (disk.read_only || is_cd)
        target["readonly"] = true;
    Json entry{{"name", name}, {is_cd ? "cdrom" : "disk", std::move(target)}};
    const std::vector<std::string> order = boot_order(c.machine);
    if (const auto place = std::ranges::find(order, disk.name); place != order.end())
        entry["bootOrder"] = place - order.begin() + 1;
    c.devices["disks"].push_back(std::move(entry));
    Json source{{"persistentVolumeClaim", {{"claimName", claim}}}};
    if (disk.ephemeral)
        source = {{"ephemeral", std::move(source)}};
    Json volume{{"name", name}};
    volume.update(source);
    c.spec["volumes"].push_back(std::move(volume));
    settle_disk(c, disk, claim);
}

/// The pod's network, behind one address; more than that needs networks which only the cluster knows.
void add_interface(Cluster& c, const Network& network) {
    const auto key = [&](const char* leaf) { return entry_key("network", network.name, leaf); };
    const std::string name = c.own_name(network.name);
    Json card{{"name", name}, {"model", "virtio"}, {"masquerade", Json::object()}};
    if (network.mac)
        card["macAddress"] = colons(*network.mac);
    for (const Forward& forward : network.forwards)
        for (std::uint32_t i = 0; i < forward.count; ++i)
            card["ports"].push_back({{"port", forward.guest + i}, {"protocol", forward.udp ? "UDP" : "TCP"}});
    c.devices["interfaces"].push_back(std::move(card));
    c.spec["networks"].push_back({{"name", name}, {"pod", Json::object()}});
    c.ledger.kept(entry_key("network", network.name));
    c.ledger.kept(key("mac"));
    c.ledger.settle(key("kind"), network.kind == NetworkKind::user, "the pod's network takes the place of the host's tap");
    c.ledger.lost(key("backend"), "the pod's network is carried by the cluster");
    c.ledger.lost(key("forward"),
                  fmt::format("the guest's ports are open in the pod; a Service leads to them: virtctl expose vm {}", c.name));
}

}  // namespace

void add_cluster_firmware(Cluster& c) {
    const Machine& m = c.machine;
    Json firmware = Json::object();
    if (m.uuid)
        firmware["uuid"] = dashed(*m.uuid);
    c.ledger.kept("uuid");
    add_bootloader(c, firmware);
    if (m.boot.linux_image)
        add_kernel(c, firmware);
    settle_boot(c);
    if (!firmware.empty())
        c.spec["domain"]["firmware"] = std::move(firmware);
}

void add_cluster_disks(Cluster& c) {
    const Image& image = c.machine.image;
    if (image.path)
        add_disk(c, {.key = "image",
                     .path = *image.path,
                     .format = image.format,
                     .type = image.disk_type,
                     .discard = image.discard,
                     .ephemeral = image.ephemeral});
    else
        c.ledger.lost("image.ephemeral", "there is no disk whose writes would be thrown away");
    c.ledger.lost("image.grow", "the claim has the size that it is made with");
    for (const char* key : {"image.directory", "image.private-users", "image.cache"})
        c.ledger.lost(key, "a cluster does not see directories of one host: make an image of it");
    for (const Drive& drive : c.machine.drives) {
        const std::string key = entry_key("drive", drive.name);
        c.ledger.kept(key);
        add_disk(c, {.key = key,
                     .name = drive.name,
                     .path = drive.path,
                     .format = drive.format,
                     .type = drive.disk_type.value_or(image.disk_type),
                     .read_only = drive.read_only,
                     .discard = drive.discard});
    }
}

void add_cluster_networks(Cluster& c) {
    const std::vector<Network>& networks = c.machine.networks;
    c.devices["autoattachPodInterface"] = false;  // what is wanted is said
    if (!networks.empty())
        add_interface(c, networks.front());
    for (std::size_t i = 1; i < networks.size(); ++i)
        c.ledger.lost(entry_key("network", networks[i].name),
                      "a pod has one network of its own: more come from the cluster's NetworkAttachmentDefinitions");
}

}  // namespace vmspawn
