#include "host/qemu_features.hpp"

#include "host/host.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace vmspawn {

namespace {

constexpr FeatureRow device(std::string_view name) {
    return {name, FeatureTest::type, name.substr(std::string_view("device/").size()), {}};
}

constexpr FeatureRow machine(std::string_view name) {
    return {name, FeatureTest::machine, name.substr(std::string_view("machine/").size()), {}};
}

constexpr std::array rows{
    // io_uring is a matter of QEMU's build, of the kernel and of its policy, so it is tried
    FeatureRow{"aio-io_uring", FeatureTest::works, "blockdev-add",
               R"({"driver":"host_device","filename":"/dev/null","aio":"io_uring","read-only":true,"node-name":"probe"})"},
    FeatureRow{"chardev/qemu-vdagent", FeatureTest::type, "chardev-qemu-vdagent", {}},
    device("device/i6300esb"),
    device("device/isa-serial"),
    device("device/nvme"),
    device("device/pci-serial"),
    device("device/pcie-root-port"),
    device("device/pvpanic"),
    device("device/pvpanic-pci"),
    device("device/scsi-cd"),
    device("device/scsi-hd"),
    device("device/tpm-crb"),
    device("device/tpm-tis"),
    device("device/tpm-tis-device"),
    device("device/vhost-user-fs-pci"),
    device("device/vhost-user-vsock-pci"),
    device("device/vhost-vsock-pci"),
    device("device/virtconsole"),
    device("device/virtio-balloon-pci"),
    device("device/virtio-blk-pci"),
    device("device/virtio-net-pci"),
    device("device/virtio-rng-pci"),
    device("device/virtio-scsi-pci"),
    device("device/virtio-serial-pci"),
    device("device/virtio-vga"),
    device("device/virtserialport"),
    device("device/vmgenid"),
    FeatureRow{"hpet", FeatureTest::property, "generic-pc-machine", "hpet"},
    FeatureRow{"i8042", FeatureTest::property, "generic-pc-machine", "i8042"},
    // since QEMU 9.0: the descriptor of /dev/kvm can be handed over
    FeatureRow{"kvm-accel-device", FeatureTest::property, "kvm-accel", "device"},
    machine("machine/microvm"),
    machine("machine/pc"),
    machine("machine/q35"),
    machine("machine/virt"),
    // without libslirp QEMU has no such network
    FeatureRow{"netdev/user", FeatureTest::works, "netdev_add", R"({"type":"user","id":"probe"})"},
    FeatureRow{"object/memory-backend-memfd", FeatureTest::type, "memory-backend-memfd", {}},
    FeatureRow{"object/sev-snp-guest", FeatureTest::type, "sev-snp-guest", {}},
    FeatureRow{"object/tdx-guest", FeatureTest::type, "tdx-guest", {}},
    // the option is known only to a QEMU that was built with seccomp
    FeatureRow{"sandbox", FeatureTest::option, "sandbox", "enable,obsolete,elevateprivileges,spawn,resourcecontrol"},
    FeatureRow{"sata", FeatureTest::property, "generic-pc-machine", "sata"},
    FeatureRow{"smbios-entry-point-type", FeatureTest::property, "generic-pc-machine", "smbios-entry-point-type"},
};

}  // namespace

std::span<const FeatureRow> feature_rows() {
    return rows;
}

const std::vector<std::string>& qemu_features() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> made;
        for (const FeatureRow& row : rows)
            made.emplace_back(row.name);
        return made;
    }();
    return names;
}

std::string features_digest() {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    const auto mix = [&hash](std::string_view text) {
        for (const char byte : text)
            hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
        hash = (hash ^ 0xffU) * 0x100000001b3;
    };
    for (const FeatureRow& row : rows) {
        mix(row.name);
        mix(row.subject);
        mix(row.detail);
    }
    return fmt::format("{:016x}", hash);
}

}  // namespace vmspawn
