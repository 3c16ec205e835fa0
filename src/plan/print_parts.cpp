#include "plan/print_parts.hpp"

#include "base/guest_cid.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

struct DescribePiece {
    const Places& places;

    std::string operator()(const Text& text) const { return '"' + printable(text.bytes) + '"'; }
    std::string operator()(const Secret& secret) const { return fmt::format("<credential {}>{}", secret.id, in_base64(secret.base64)); }
    std::string operator()(const FileContent& file) const {
        const std::string path = shown_path(file.path, places);
        if (file.credential.empty())
            return path + in_base64(file.base64);
        return fmt::format("<credential {}> from {}{}", file.credential, path, in_base64(file.base64));
    }
    std::string operator()(const PasswordHash& hash) const { return fmt::format("<password hash of {}>", hash.user); }
    std::string operator()(const PathText& text) const { return shown_path(text.path, places); }
    std::string operator()(const Align& align) const { return fmt::format("zeros to a multiple of {}", align.boundary); }
    std::string operator()(const Late& late) const { return to_string(Word() += late); }
    std::string operator()(const RuntimeFile& file) const { return fmt::format("<runtime-dir>/{}{}", file.name, in_base64(file.base64)); }

    static std::string in_base64(bool base64) { return base64 ? " in base64" : ""; }
};

struct DescribeAction {
    const Places& places;

    static std::string_view access(const OpenFile& file) {
        return file.append ? "to append to it" : file.writable ? "writable" : "read-only";
    }

    std::string operator()(const ClaimName& claim) const {
        return fmt::format("name {}{} in {}/systemd/vmspawn{}", claim.name, claim.suffixed ? "-<drawn>" : "", claim.base,
                           claim.linked_in.empty() ? "" : ", with a link in " + claim.linked_in);
    }
    std::string operator()(const MakeMemory& memory) const { return all(memory.pieces); }
    std::string operator()(const OpenFile& file) const {
        return fmt::format("{}, {}{}{}", shown_path(file.path, places), access(file), file.lock == OpenFile::Lock::qemu ? ", locked" : "",
                           file.grow ? fmt::format(", grown to {} bytes", file.grow->size) : "");
    }
    std::string operator()(const KeepFile& file) const {
        return fmt::format("{}, writable, locked, first a copy of {}", shown_path(file.path, places), shown_path(file.source, places));
    }
    std::string operator()(const MakeScratch& scratch) const { return all(scratch.pieces); }
    std::string operator()(const MakeOverlay& overlay) const { return fmt::format("{} bytes, without a name", overlay.size); }
    std::string operator()(const UnpackKernel& kernel) const {
        const std::string kept = kernel.cache.empty() ? "" : fmt::format(", kept in {}/kernels", shown_path(kernel.cache, places));
        return fmt::format("{} ({}){}", shown_path(kernel.path, places), kernel.compression, kept);
    }
    std::string operator()(const WriteFile& file) const { return fmt::format("<runtime-dir>/{}: {}", file.name, all(file.pieces)); }
    std::string operator()(const LinkKey& link) const {
        return fmt::format("machine-<8 hex digits>-<runtime-dir:name>-{0} to <runtime-dir>/{0}", link.file);
    }
    std::string operator()(const TakePassed& passed) const { return fmt::format("descriptor {}", passed.name); }
    std::string operator()(const MakePipe&) const { return "for QEMU to read"; }
    std::string operator()(const FillPipe& fill) const { return all(fill.pieces); }
    std::string operator()(const MakeTap& tap) const { return fmt::format("interface vt-… of machine {}", to_string(tap.machine)); }
    std::string operator()(const AskForTap& tap) const {
        return fmt::format("systemd-nsresourced for an interface of machine {}", to_string(tap.machine));
    }
    std::string operator()(const ClaimVsock& claim) const {
        return fmt::format("CID {} in {}{}", claim.cid.value_or(guest_cid(claim.name, 0)),
                           claim.passed ? "the passed vhost-vsock" : "/dev/vhost-vsock", claim.cid ? "" : ", or another that is free");
    }
    std::string operator()(const ListenVsock& listen) const {
        return fmt::format("at {} for the guest of {}", listen.port == 0 ? "any VSOCK port" : fmt::format("VSOCK port {}", listen.port),
                           listen.device);
    }
    std::string operator()(const MakeQmpSocket&) const { return "to QEMU's monitor"; }
    std::string operator()(const MakeChannel&) const { return "to a port of the guest"; }
    std::string operator()(const MakeTerminal&) const { return "for the guest"; }
    std::string operator()(const PickPort& port) const { return fmt::format("any free on {}{}", port.bind, port.udp ? "/udp" : ""); }
    std::string operator()(const CheckPorts& ports) const {
        return fmt::format("{} on {}{}, if free", to_string(ports), ports.bind, ports.udp ? "/udp" : "");
    }
    std::string operator()(const Listen&) const { return "for QEMU, which is connected already"; }
    std::string operator()(const MakePair&) const { return "between a helper and QEMU"; }
    std::string operator()(const MakeClient& client) const {
        return fmt::format("for QEMU, connected when there is <runtime-dir>/{}", client.socket);
    }
    std::string operator()(const KeepDirectory& directory) const {
        return directory.path.empty() ? "in the runtime directory" : shown_path(directory.path, places) + ", locked";
    }
    std::string operator()(const MakeScope& scope) const {
        std::string text =
            fmt::format("of machine {} in {} of the {}", to_string(scope.machine), scope.slice, scope.user ? "user" : "system");
        for (const UnitProperty& property : scope.properties)
            text += fmt::format(", {}", printable(property.name));
        return text;
    }
    std::string operator()(const ServeControl& control) const {
        return fmt::format("<runtime-dir>/control{}",
                           control.ports.empty() ? "" : fmt::format(", with {} ports for disks that come later", control.ports.size()));
    }
    std::string operator()(const MindSleep&) const { return "this host's sleep: the guest stands still before"; }
    std::string operator()(const RegisterMachine& entry) const {
        return fmt::format("{} with the {}'s systemd-machined{}{}", to_string(entry.machine), entry.user ? "user" : "system",
                           entry.also.empty() ? "" : ", and the system's",
                           entry.ssh_address.parts.empty() ? "" : ", ssh by " + to_string(entry.ssh_address));
    }
    std::string operator()(const Spawn& spawn) const { return shown_path(spawn.program, places); }

    [[nodiscard]] std::string all(const std::vector<Piece>& pieces) const {
        std::string text;
        for (const Piece& piece : pieces)
            text += (text.empty() ? "" : " + ") + std::visit(DescribePiece{places}, piece);
        return text;
    }
};

bool is_flag(const Word& word) {
    const auto* text = word.parts.empty() ? nullptr : std::get_if<std::string>(&word.parts.front());
    return text && text->starts_with('-') && text->size() > 1;
}

}  // namespace

std::string describe(const Action& action, const Places& places) {
    return fmt::format("{} {}", kind_of(action), std::visit(DescribeAction{places}, action));
}

namespace {

std::string ranges_text(std::string_view what, const std::vector<IdSpan>& ranges) {
    std::string text(what);
    for (const IdSpan& range : ranges)
        text += fmt::format(" {}:{}:{}", range.inside, range.outside, range.count);
    return text;
}

}  // namespace

std::vector<std::string> describe(const Namespace& space, const Places& places) {
    std::vector<std::string> lines;
    if (!space.uids.empty())
        lines.push_back(fmt::format("ids inside:outside:count {}, {}{}", ranges_text("uid", space.uids), ranges_text("gid", space.gids),
                                    space.uid_tool.empty() ? "" : fmt::format(", by {} and {}", space.uid_tool, space.gid_tool)));
    for (const BindMount& mount : space.mounts)
        lines.push_back(fmt::format("sees {} at {}/{}{}", shown_path(mount.source, places), space.stage, mount.name,
                                    mount.read_only    ? ", read-only"
                                    : mount.throw_away ? ", writes in memory"
                                                       : ""));
    return lines;
}

namespace {

std::vector<Piece> pieces_of(const Action& action) {
    if (const auto* memory = std::get_if<MakeMemory>(&action))
        return memory->pieces;
    if (const auto* fill = std::get_if<FillPipe>(&action))
        return fill->pieces;
    const auto* scratch = std::get_if<MakeScratch>(&action);
    return scratch ? scratch->pieces : std::vector<Piece>();
}

}  // namespace

std::set<std::string> credential_ids(const Plan& plan) {
    std::set<std::string> ids;
    for (const Resource& resource : plan.resources)
        for (const Piece& piece : pieces_of(resource.up)) {
            if (const auto* secret = std::get_if<Secret>(&piece))
                ids.insert(secret->id);
            if (const auto* file = std::get_if<FileContent>(&piece); file && !file->credential.empty())
                ids.insert(file->credential);
        }
    return ids;
}

std::string_view console_word(ConsoleKind kind) {
    switch (kind) {
        case ConsoleKind::none:
            return "none";
        case ConsoleKind::kept:
            return "kept";
        case ConsoleKind::read_only:
            return "read-only";
        case ConsoleKind::interactive:
            return "interactive";
        case ConsoleKind::transparent:
            return "native";
    }
    return "";
}

std::vector<WordGroup> word_groups(const std::vector<Word>& words) {
    std::vector<WordGroup> groups;
    for (const Word& word : words) {
        const bool value = !groups.empty() && groups.back().size() == 1 && is_flag(*groups.back().front()) && !is_flag(word);
        if (value)
            groups.back().push_back(&word);
        else
            groups.push_back({&word});
    }
    return groups;
}

}  // namespace vmspawn
