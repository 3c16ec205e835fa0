// What a disk is made of: an image, what it rests on, where its data stand. The host has followed the headers; here is judged
// whether vmspawn opens what they name.
#include "base/text.hpp"
#include "host/disk_image.hpp"
#include "plan/disk.hpp"
#include "plan/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vmspawn {

namespace {

class Judge {
public:
    Judge(Planning& planning, const PlannedDisk& disk) : p_(planning), disk_(disk), key_(disk.key + ".path") {}

    std::vector<DiskLayer> layers() {
        DiskLayer layer{.node = disk_.node + (disk_.ephemeral ? "-base" : ""), .format = disk_.format};
        layer.file = {.id = disk_.id, .node = disk_.node + "-file", .path = disk_.path, .written = !disk_.read_only && !disk_.ephemeral};
        const std::string read_only = disk_.id == "image" ? "image.ephemeral" : disk_.key + ".read-only";
        while (judge(layer, layers_.empty() ? read_only : "")) {
            layers_.push_back(layer);
            const Qcow2Facts* header = header_of(layer);
            if (header == nullptr || header->backing.empty())
                return std::move(layers_);
            if (!may_follow(*header))
                return {};
            layer = below(*header);
        }
        return {};
    }

private:
    Planning& p_;
    const PlannedDisk& disk_;
    const std::string key_;
    std::vector<DiskLayer> layers_;
    std::set<std::string> seen_;  ///< identities

    void refuse(const std::string& what, std::string hint) {
        p_.found.add(error(fmt::format("{}: {}", key_, what), p_.origin(key_)).with_hint(std::move(hint)));
    }

    [[nodiscard]] static const Qcow2Facts* header_of(const DiskLayer& layer) {
        return layer.format == DiskFormat::qcow2 ? &*layer.file.answer->qcow2 : nullptr;
    }

    /// Above the image of this name, of which the messages speak.
    [[nodiscard]] std::string top() const { return p_.shown(layers_.back().file.path); }

    [[nodiscard]] DiskLayer below(const Qcow2Facts& header) const {
        const std::size_t depth = layers_.size();
        DiskLayer layer{.node = fmt::format("{}-b{}", disk_.node, depth), .format = *from_word<DiskFormat>(header.backing_format)};
        layer.file = {.id = fmt::format("{}.backing{}", disk_.id, depth), .node = layer.node + "f", .path = header.backing};
        return layer;
    }

    bool judge(DiskLayer& layer, const std::string& read_only) {
        const bool is_top = layers_.empty();
        layer.file.answer = judge_file(p_, {.path = layer.file.path,
                                            .key = key_,
                                            .writable = layer.file.written,
                                            .block = true,
                                            .read_only = read_only,
                                            .called = is_top ? "" : "the backing file"});
        if (layer.file.answer == nullptr || (!is_top && !consented(layer.file, "rests on")) || !has_right_format(layer))
            return false;
        if (!seen_.insert(layer.file.answer->identity).second) {
            refuse(fmt::format("{} rests on itself", p_.shown(disk_.path)), "qemu-img info --backing-chain shows the ring");
            return false;
        }
        return judge_data(layer);
    }

    bool has_right_format(const DiskLayer& layer) {
        const std::string place = p_.shown(layer.file.path);
        const bool is_qcow2 = layer.file.answer->format == "qcow2";
        const bool is_top = layers_.empty();
        if (layer.format == DiskFormat::raw && is_qcow2)
            refuse(fmt::format("{} is a qcow2 image, and would be taken for a raw one", place),
                   is_top ? fmt::format("set {}.format = \"qcow2\"", disk_.key) : rebase(layer.file.path.string(), "qcow2"));
        else if (layer.format == DiskFormat::qcow2 && !is_qcow2)
            refuse(fmt::format("{} is no qcow2 image", place),
                   is_top ? fmt::format("set {}.format = \"raw\"", disk_.key) : rebase(layer.file.path.string(), "raw"));
        else if (layer.format == DiskFormat::qcow2 && !layer.file.answer->qcow2)
            refuse(fmt::format("the record of the host does not say what {} rests on", place),
                   "record it with: vmspawn host FILE --format=json");
        else if (layer.format == DiskFormat::qcow2 && !layer.file.answer->qcow2->problem.empty())
            refuse(fmt::format("{} cannot be used: {}", place, layer.file.answer->qcow2->problem), "qemu-img check tells more");
        else
            return true;
        return false;
    }

    /// The command that mends the header of the last image.
    [[nodiscard]] std::string rebase(const std::string& backing, std::string_view format) const {
        return fmt::format("qemu-img rebase -u -b {} -F {} {}", shell_quote(backing), format, shell_quote(top()));
    }

    bool may_follow(const Qcow2Facts& header) {
        const std::string name = printable(header.backing);
        if (!header.backing.starts_with('/'))
            refuse(fmt::format("{} rests on '{}', which is no plain path", top(), name), rebase("PATH", "FORMAT"));
        else if (header.backing_format.empty())
            refuse(fmt::format("{} does not say of which format its backing file {} is", top(), p_.shown(header.backing)),
                   "formats are never guessed; " + rebase(header.backing, "FORMAT"));
        else if (!from_word<DiskFormat>(header.backing_format))
            refuse(fmt::format("{} rests on an image of format '{}'", top(), printable(header.backing_format)),
                   "vmspawn knows raw and qcow2");
        else if (layers_.size() >= longest_chain)
            refuse(fmt::format("{} rests on more than {} images", p_.shown(disk_.path), longest_chain),
                   "qemu-img convert makes one image of them");
        else
            return is_known(header.backing);
        return false;
    }

    bool is_known(const std::string& path) {
        if (p_.host.files.contains(path))
            return true;
        refuse(fmt::format("the record of the host has no answer about {}", p_.shown(path)),
               "record it with: vmspawn host FILE --format=json");
        return false;
    }

    bool judge_data(DiskLayer& layer) {
        const Qcow2Facts* header = header_of(layer);
        if (header == nullptr || !header->has_data_file)
            return true;
        const std::string place = p_.shown(layer.file.path);
        if (!header->data_file.starts_with('/')) {
            refuse(fmt::format("{} keeps its data in '{}', which is no plain path", place, printable(header->data_file)),
                   fmt::format("qemu-img amend -o data_file=PATH {}", shell_quote(place)));
            return false;
        }
        if (!is_known(header->data_file))
            return false;
        const bool is_top = layers_.empty();
        DiskFile data{.id = layer.file.id + ".data",
                      .node = is_top ? disk_.node + "-data" : layer.node + "d",
                      .path = header->data_file,
                      .written = layer.file.written};
        data.answer = judge_file(p_, {.path = data.path, .key = key_, .writable = data.written, .block = true, .called = "the data file"});
        if (data.answer == nullptr || !consented(data, "keeps its data in"))
            return false;
        layer.data = std::move(data);
        return true;
    }

    /// An image says which files are opened with our rights, so it may only name what stands beside it: where links lead counts.
    bool consented(DiskFile& file, std::string_view verb) {
        const Path own = real(disk_.path, p_.host.files.at(disk_.path.string())).parent_path();
        const Path wanted = real(file.path, *file.answer);
        const Path relative = wanted.lexically_relative(own);
        const bool beside = !relative.empty() && *relative.begin() != "..";
        const bool listed = std::ranges::any_of(
            disk_.backing, [&](const Path& path) { return path.lexically_normal() == file.path || path.lexically_normal() == wanted; });
        if (!beside && !listed) {
            object(wanted, verb);
            if (!p_.machine.as_systemd_vmspawn)
                return false;
        }
        file.path = wanted;  // a link that is moved until the start leads nowhere else
        return true;
    }

    /// systemd-vmspawn has no setting that allows it, and no check.
    void object(const Path& wanted, std::string_view verb) {
        const std::string backing = disk_.key + ".backing";
        const std::string summary =
            fmt::format("{}: {} {} {}, outside its own directory", key_, p_.shown(disk_.path), verb, p_.shown(wanted));
        if (p_.machine.as_systemd_vmspawn)
            p_.found.add(warning(summary, p_.origin(key_)).with_hint("it is opened all the same"));
        else
            p_.found.add(error(summary, p_.origin(p_.machine.said(backing) ? backing : key_))
                             .with_hint(fmt::format("{} = [\"{}\"] allows it", backing, wanted.string())));
    }

    static Path real(const Path& path, const FileAnswer& answer) { return answer.target.empty() ? path : Path(answer.target); }
};

}  // namespace

std::vector<DiskLayer> judge_layers(Planning& planning, const PlannedDisk& disk) {
    return Judge(planning, disk).layers();
}

}  // namespace vmspawn
