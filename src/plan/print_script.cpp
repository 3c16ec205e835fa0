// A plan as a bash script: the same machine from QEMU and the usual tools, without vmspawn.
#include "base/guest_cid.hpp"
#include "base/text.hpp"
#include "plan/print.hpp"
#include "plan/print_parts.hpp"
#include "plan/record.hpp"
#include "plan/script_text.hpp"
#include "plan/script_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <numeric>
#include <set>

namespace vmspawn {

namespace {

class Script : ScriptWords {
public:
    explicit Script(const Plan& plan) : ScriptWords(plan) {}

    Result<std::string> write() {
        head();
        for (const Resource& resource : plan_.resources) {
            const auto* spawn = std::get_if<Spawn>(&resource.up);
            if (spawn && spawn->space && !has_shell_form(*spawn->space))
                return Failure{EOPNOTSUPP, "write a script", fmt::format("'{}' (its id map) has no shell form", resource.id)};
            if (std::holds_alternative<MakeTap>(resource.up) || std::holds_alternative<AskForTap>(resource.up))
                return Failure{EOPNOTSUPP, "write a script", fmt::format("'{}' (a tap interface) has no shell form", resource.id)};
            if (std::holds_alternative<MakeChannel>(resource.up))
                return Failure{EOPNOTSUPP, "write a script",
                               fmt::format("'{}' (a channel of vmspawn's own) has no shell form", resource.id)};
            std::visit([&](const auto& action) { up(resource, action); }, resource.up);
        }
        return std::move(text_);
    }

private:
    std::string text_;

    void line(const std::string& text) { text_ += text + "\n"; }

    [[nodiscard]] static bool has_shell_form(const Namespace& space) {
        return space.uids.empty() || (space.uid_tool.empty() && !space.mounts_first);
    }

    void head() {
        line("#!/usr/bin/env bash");
        line(fmt::format("# The machine {} with QEMU alone. Relative paths start at $VMSPAWN_DIR, else at the working directory.",
                         plan_.machine));
        const std::set<std::string> ids = credential_ids(plan_);
        if (!ids.empty())
            line("# The value of credential ID is read from $VMSPAWN_CRED_DIR/ID.");
        text_ += script_preamble;
        if (!ids.empty())
            text_ += script_need_credential;
        for (const std::string& id : ids)
            line("need_credential " + shell_quote(id));
        if (has([](const Resource& resource) { return std::holds_alternative<PickPort>(resource.up); }))
            text_ += script_pick_port;
        if (has([&](const Resource& resource) { return std::holds_alternative<Spawn>(resource.up) && resource.id != plan_.qemu; }))
            text_ += script_helpers;
    }

    [[nodiscard]] bool has(const std::function<bool(const Resource&)>& what) const { return std::ranges::any_of(plan_.resources, what); }

    /// $work stands in for the runtime directory, and the script stays in the unit that it was started in.
    template <OneOf<ClaimName, MakeQmpSocket, MakeChannel, MakeTerminal, MakeTap, AskForTap, CheckPorts, MakeClient, LinkKey, MakeScope,
                    RegisterMachine, ServeControl, MindSleep>
                  Nothing>
    void up(const Resource& /*resource*/, const Nothing& /*action*/) {}

    void up(const Resource& resource, const WriteFile& file) {
        if (file.name == record_file)  // nobody would ask
            return;
        line(fmt::format("\n# {}", printable(resource.id)));
        add_pieces(file.pieces, "\"$work\"/" + shell_quote(file.name));
    }
    void up(const Resource& resource, const TakePassed& passed) { up(resource, OpenFile{.path = "/dev/" + passed.name, .writable = true}); }
    void up(const Resource& resource, const MakePipe& /*pipe*/) { fill(resource, {}, "<"); }
    void up(const Resource& resource, const FillPipe& pipe) {
        line(fmt::format("\n# {}", printable(resource.id)));
        add_pieces(pipe.pieces, memory_file(pipe.pipe));
    }
    void up(const Resource& resource, const ClaimVsock& claim) {
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("exec {{{}}}<>/dev/vhost-vsock", variable("fd", resource.id)));
        line(fmt::format("{}={}", variable("cid", resource.id), claim.cid.value_or(guest_cid(claim.name, 0))));
    }
    /// Without vmspawn nobody listens there: what the guest tells is lost.
    void up(const Resource& resource, const ListenVsock& listen) {
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("{}={}", variable("port", resource.id), listen.port == 0 ? 9999 : listen.port));
    }

    void up(const Resource& resource, const MakeMemory& memory) { fill(resource, memory.pieces, "<"); }
    void up(const Resource& resource, const MakeScratch& scratch) { fill(resource, scratch.pieces, "<>"); }

    void fill(const Resource& resource, const std::vector<Piece>& pieces, std::string_view redirection) {
        const std::string file = memory_file(resource.id);
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format(": > {}", file));
        add_pieces(pieces, file);
        line(fmt::format("exec {{{}}}{}{}", variable("fd", resource.id), redirection, file));
    }

    [[nodiscard]] std::string memory_file(const ResourceId& id) const { return fmt::format("\"$work\"/{}", variable("memory", id)); }

    void add_pieces(const std::vector<Piece>& pieces, const std::string& file) {
        for (const Piece& piece : pieces)
            line(std::visit([&](const auto& what) { return append(what, file); }, piece));
    }

    /// A word of the shell ends at a NUL, so each is written by itself.
    [[nodiscard]] std::string append(const Text& text, const std::string& file) const {
        std::string_view rest = text.bytes;
        std::string commands;
        for (std::size_t end = rest.find('\0'); end != std::string_view::npos; end = rest.find('\0')) {
            commands += fmt::format("printf '%s\\0' {} >> {}\n", shell_quote(std::string(rest.substr(0, end))), file);
            rest.remove_prefix(end + 1);
        }
        if (!rest.empty() || commands.empty())
            return commands + fmt::format("printf %s {} >> {}", shell_quote(std::string(rest)), file);
        commands.pop_back();
        return commands;
    }
    [[nodiscard]] std::string append(const Secret& secret, const std::string& file) const {
        return append_credential(secret.id, secret.base64, file);
    }
    [[nodiscard]] std::string append(const FileContent& content, const std::string& file) const {
        if (!content.credential.empty())
            return append_credential(content.credential, content.base64, file);
        return fmt::format("{} < {} >> {}", content.base64 ? "base64 -w 0" : "cat", path(content.path), file);
    }
    [[nodiscard]] std::string append(const PasswordHash& hash, const std::string& file) const {
        return fmt::format("entry=$(getent shadow {})\nentry=${{entry#*:}}\nprintf %s \"${{entry%%:*}}\" >> {}", shell_quote(hash.user),
                           file);
    }
    [[nodiscard]] std::string append(const PathText& text, const std::string& file) const {
        return fmt::format("printf %s {} >> {}", path(text.path), file);
    }
    [[nodiscard]] std::string append(const Align& align, const std::string& file) const {
        return fmt::format("truncate -s %{} {}", align.boundary, file);
    }
    [[nodiscard]] std::string append(const Late& late, const std::string& file) const {
        return fmt::format("printf %s {} >> {}", value(late), file);
    }
    [[nodiscard]] static std::string append(const RuntimeFile& content, const std::string& file) {
        const std::string text = fmt::format("printf %s \"$(cat \"$work\"/{})\"", shell_quote(content.name));
        return fmt::format("{}{} >> {}", text, content.base64 ? " | base64 -w 0" : "", file);
    }
    [[nodiscard]] static std::string append_credential(const std::string& id, bool base64, const std::string& file) {
        return fmt::format("{} < \"$credentials\"/{} >> {}", base64 ? "base64 -w 0" : "cat", shell_quote(id), file);
    }

    void up(const Resource& resource, const OpenFile& file) {
        const std::string place = path(file.path);
        line(fmt::format("\n# {}", printable(resource.id)));
        if (file.writable)  // <> would make a missing file
            line(fmt::format("[ -e {0} ] || die {0} does not exist", place));
        if (file.grow)
            grow(place, *file.grow);
        line(fmt::format("exec {{{}}}{}{}", variable("fd", resource.id), file.append ? ">>" : file.writable ? "<>" : "<", place));
    }

    void up(const Resource& resource, const KeepFile& file) {
        const std::string place = path(file.path);
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("[ -e {0} ] || {{ mkdir -p -- \"$(dirname -- {0})\"; cp -- {1} {0}.new; mv -- {0}.new {0}; }}", place,
                         path(file.source)));
        line(fmt::format("exec {{{}}}<>{}", variable("fd", resource.id), place));
    }
    /// The same kernel: without vmspawn it unpacks itself.
    void up(const Resource& resource, const UnpackKernel& kernel) { up(resource, OpenFile{.path = kernel.path}); }

    void up(const Resource& resource, const MakeOverlay& overlay) {
        const std::string file = fmt::format("\"$work\"/{}", variable("overlay", resource.id));
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("qemu-img create -q -f qcow2 {} {}", file, overlay.size));
        line(fmt::format("exec {{{}}}<>{}", variable("fd", resource.id), file));
    }

    /// Only what is smaller grows; sfdisk moves the copy of a GPT to the new end.
    void grow(const std::string& place, const Grow& grow) {
        if (grow.qcow2) {
            line(fmt::format("qemu-img resize -q -f qcow2 {} {}", place, grow.size));
            return;
        }
        line(fmt::format("if [ \"$(stat -Lc %s {0})\" -lt {1} ]; then", place, grow.size));
        line("    PATH=$PATH:/usr/sbin:/sbin");
        line(fmt::format("    truncate -s {1} {0}", place, grow.size));
        line(fmt::format("    [ \"$(blkid -p -o value -s PTTYPE {0})\" != gpt ] || sfdisk -q --relocate gpt-bak-std {0}", place));
        line("fi");
    }

    void up(const Resource& resource, const PickPort& /*port*/) {
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("{}=$(pick_port)", variable("port", resource.id)));
        if (resource.announce)
            line(fmt::format("echo {} >&2", quoted(*resource.announce)));
    }

    void up(const Resource& resource, const Listen& /*socket*/) {
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("{0}=\"$work\"/{0}", variable("socket", resource.id)));
    }

    void up(const Resource& resource, const MakePair& /*pair*/) { up(resource, Listen{}); }

    void up(const Resource& resource, const KeepDirectory& directory) {
        const std::string place =
            directory.path.empty() ? fmt::format("\"$work\"/{}", variable("directory", resource.id)) : path(directory.path);
        line(fmt::format("\n# {}", printable(resource.id)));
        line(fmt::format("mkdir -p -- {}", place));
        line(fmt::format("exec {{{}}}<{}", variable("fd", resource.id), place));
    }

    /// In a new directory inside the one that it fills; a failure only warns.
    void fill(const Resource& resource, const Spawn& spawn, const Fill& fill) {
        const std::string place = fmt::format("/proc/self/fd/\"${}\"", variable("fd", fill.directory));
        text_ += fmt::format("\n# {2}\n[ -e {0}/{1} ] || (\n    rm -rf {0}/.new && mkdir {0}/.new && cd {0}/.new && ", place,
                             shell_quote(fill.keeps.back()), printable(resource.id));
        add_environment(spawn);
        for (const Fill::File& file : fill.reads)
            text_ += fmt::format("printf %s {} >{} &&\n    ", shell_quote(file.text), shell_quote(file.name));
        command(spawn, PathsFrom::working_directory);
        line(" && mv -- " +
             std::accumulate(fill.keeps.begin(), fill.keeps.end(), std::string(),
                             [](const std::string& all, const std::string& name) { return all + shell_quote(name) + " "; }) +
             "..");
        line(fmt::format(") || echo {} >&2\nrm -rf {}/.new", shell_quote(resource.without), place));
    }

    void add_environment(const Spawn& spawn) {
        for (const std::string& setting : spawn.environment)
            text_ += "export " + shell_quote(setting) + " && ";
    }

    void up(const Resource& resource, const Spawn& spawn) {
        if (spawn.fills)
            return fill(resource, spawn, *spawn.fills);
        if (resource.id != plan_.qemu)
            return start_helper(resource, spawn);
        line("");
        if (plan_.console.kind == ConsoleKind::interactive || plan_.console.kind == ConsoleKind::transparent)
            line("echo 'Ctrl-a x ends QEMU at once.' >&2");
        command(spawn, PathsFrom::working_directory);
        line(plan_.console.kind == ConsoleKind::read_only ? " \\\n    </dev/null" : "");
    }

    void command(const Spawn& spawn, PathsFrom from) {
        text_ += path(spawn.program);
        for (const WordGroup& group : word_groups(spawn.arguments)) {
            text_ += " \\\n   ";
            for (const Word* word : group)
                text_ += " " + quoted(*word, from);
        }
    }

    /// unshare(1), then the mounts, then the command. Id maps of several ranges are spelt differently by its versions: write() refuses.
    void enter(const Namespace& space) {
        text_ += "unshare --mount" + std::string(space.uids.empty() ? "" : " --user --map-root-user");
        if (space.mounts.empty()) {
            text_ += " ";
            return;
        }
        const std::string stage = shell_quote(space.stage);
        std::string steps = fmt::format("set -e; mkdir -p {0}; mount -t tmpfs -o mode=755 stage {0}; ", stage);
        for (const BindMount& mount : space.mounts) {
            const std::string source = path(mount.source);
            const std::string target = shell_quote(space.stage + "/" + mount.name);
            steps += mount.file ? fmt::format("mkdir -p $(dirname {0}); : > {0}; ", target) : fmt::format("mkdir -p {}; ", target);
            steps += fmt::format("mount --rbind {} {}; ", source, target);
            if (mount.throw_away)
                steps += fmt::format(
                    "mkdir {0}.upper {0}.work; mount -t overlay -o lowerdir={0},upperdir={0}.upper,workdir={0}.work{1} overlay {0}; ",
                    target, space.uids.empty() ? "" : ",userxattr");
            if (mount.read_only)
                steps += fmt::format("mount -o remount,bind,ro {}; ", target);
        }
        text_ += fmt::format(" sh -c {} sh \\\n    ", shell_quote(steps + "exec \"$@\""));
    }

    void start_helper(const Resource& resource, const Spawn& spawn) {
        line(fmt::format("\n# {}", printable(resource.id)));
        if (!spawn.directory.empty())
            text_ += "(cd \"$work\" && ";
        add_environment(spawn);
        if (!spawn.activation.empty())
            text_ += fmt::format("exec systemd-socket-activate -l {} ", activation_address(spawn.activation));
        if (spawn.space)
            enter(*spawn.space);
        command(spawn, spawn.directory.empty() ? PathsFrom::root : PathsFrom::working_directory);
        if (!spawn.directory.empty())
            text_ += ")";
        if (resource.ready == Readiness::ended)
            return line(" \\\n    </dev/null");
        line(" \\\n    </dev/null &");
        line("helpers+=($!)");
        for (const ResourceId& need : resource.needs)
            if (path_option(need))
                line(fmt::format("wait_for_socket \"${}\" $!", variable("socket", need)));
        if (resource.ready == Readiness::connected)
            line(fmt::format("wait_for_socket \"$work\"/{} $!", shell_quote(client_socket(spawn.client))));
    }

    [[nodiscard]] std::string activation_address(const ResourceId& id) const {
        const auto& listen = std::get<ListenVsock>(plan_.find(id)->up);
        return listen.socket.empty() ? fmt::format("vsock:2:{}", value({id, Late::What::port})) : "\"$work\"/" + shell_quote(listen.socket);
    }
};

}  // namespace

Result<std::string> plan_script(const Plan& plan) {
    const Plan simpler = with_fewer_helpers(plan);
    return Script(simpler).write();
}

}  // namespace vmspawn
