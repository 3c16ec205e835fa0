// The files of a disk as resources, and QEMU's block nodes on them.
#include "plan/disk.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// QEMU's own limit: a level 1 table of 32 MiB.
constexpr Bytes largest_overlay = Bytes{2} << 50;

class Nodes {
public:
    Nodes(Planning& planning, const PlannedDisk& disk) : p_(planning), disk_(disk), key_(disk.key + ".path") {}

    /// A node stands after those that it names.
    void add(const std::vector<DiskLayer>& layers) {
        std::string below;
        for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
            std::vector<std::string> reasons;
            std::optional<Grow> grow;
            if (&*layer == &layers.front())
                grow = plan_grow(p_, disk_, layers, reasons);
            open(layer->file, std::move(grow), std::move(reasons));
            if (layer->data)
                open(*layer->data, {}, {});
            add_format(*layer, below);
            below = layer->node;
        }
        if (disk_.ephemeral)
            add_overlay(layers.front());
    }

private:
    Planning& p_;
    const PlannedDisk& disk_;
    const std::string key_;

    [[nodiscard]] std::string discard(bool written) const { return disk_.discard && written ? "unmap" : "ignore"; }

    /// What the guest flushes is on the disk afterwards; only what is thrown away at the end needs no such care.
    void add_file(const std::string& driver, const std::string& node, const ResourceId& resource, bool written, bool flushed) {
        Json record{{"driver", driver},
                    {"node-name", node},
                    {"filename", p_.qemu.fdset(resource)},
                    {"read-only", !written},
                    {"cache", {{"direct", false}, {"no-flush", !flushed}}},
                    {"discard", discard(written)}};
        if (p_.has("aio-io_uring"))
            record["aio"] = "io_uring";
        p_.qemu.blockdev(record);
    }

    void open(const DiskFile& file, std::optional<Grow> grow, std::vector<std::string> reasons) {
        p_.add({.id = file.id,
                .up = OpenFile{.path = file.path.string(), .writable = file.written, .lock = OpenFile::Lock::qemu, .grow = std::move(grow)},
                .because = p_.origin(key_),
                .because_key = key_,
                .reasons = std::move(reasons)});
        add_file(file.answer->type == FileAnswer::Type::block ? "host_device" : "file", file.node, file.id, file.written, true);
    }

    void add_format(const DiskLayer& layer, const std::string& below) {
        Json record{{"driver", to_word(layer.format)},
                    {"node-name", layer.node},
                    {"file", layer.file.node},
                    {"read-only", !layer.file.written},
                    {"discard", discard(layer.file.written)}};
        if (layer.data)
            record["data-file"] = layer.data->node;
        if (layer.format == DiskFormat::qcow2)  // null: QEMU is to open nothing that the header may name
            record["backing"] = below.empty() ? Json() : Json(below);
        p_.qemu.blockdev(record);
    }

    void add_overlay(const DiskLayer& base) {
        const Bytes size = std::max(virtual_size(base), disk_.grow.value_or(0));
        const std::string key = disk_.key + ".ephemeral";
        if (size > largest_overlay) {
            p_.found.add(error(fmt::format("{}: an overlay holds {} bytes at most", key, largest_overlay), p_.origin(key)));
            return;
        }
        const ResourceId id = disk_.id + ".overlay";
        p_.add({.id = id,
                .up = MakeOverlay{size},
                .because = p_.origin(key),
                .because_key = key,
                .reasons = {"writes go to a file without a name because " + key + " = true: the image stays as it is"}});
        add_file("file", id, id, true, false);
        p_.qemu.blockdev({{"driver", "qcow2"},
                          {"node-name", disk_.node},
                          {"file", id},
                          {"read-only", false},
                          {"discard", discard(true)},
                          {"backing", base.node}});
    }
};

}  // namespace

void add_disk_nodes(Planning& planning, const PlannedDisk& disk, const std::vector<DiskLayer>& layers) {
    Nodes(planning, disk).add(layers);
}

}  // namespace vmspawn
