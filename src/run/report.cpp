#include "run/report.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace vmspawn {

namespace {

/// As the user would type it: relative to the definition, ~ for home.
std::string shown_path(const Plan& plan, const std::string& path) {
    const auto below = [&](const std::string& directory) {
        return directory.size() > 1 && path.size() > directory.size() + 1 && path.starts_with(directory) && path[directory.size()] == '/';
    };
    if (below(plan.directory))
        return printable(path.substr(plan.directory.size() + 1));
    if (below(plan.home))
        return printable(std::string("~").append(path, plan.home.size()));
    return printable(path);
}

class Undone {
public:
    Undone(const Plan& plan, const Resource& resource) : plan_(plan), id_(resource.id) {}

    std::string operator()(const ClaimName& claim) const {
        return fmt::format("take the machine name '{}{}'", claim.name, claim.suffixed ? "-…" : "");
    }
    std::string operator()(const MakeMemory&) const { return "make " + id_; }
    std::string operator()(const OpenFile& file) const { return fmt::format("open {} '{}'", id_, shown_path(plan_, file.path)); }
    std::string operator()(const KeepFile& file) const { return fmt::format("open {} '{}'", id_, shown_path(plan_, file.path)); }
    std::string operator()(const MakeScratch&) const { return "make " + id_; }
    std::string operator()(const MakeOverlay&) const { return "make " + id_; }
    std::string operator()(const UnpackKernel& kernel) const { return fmt::format("open {} '{}'", id_, shown_path(plan_, kernel.path)); }
    std::string operator()(const WriteFile& file) const { return fmt::format("write {} in the runtime directory", file.name); }
    std::string operator()(const LinkKey& link) const { return fmt::format("make a link to {} beside the runtime directory", link.file); }
    std::string operator()(const TakePassed& passed) const { return "take the passed descriptor " + passed.name; }
    std::string operator()(const MakePipe&) const { return "make " + id_; }
    std::string operator()(const FillPipe&) const { return "make " + id_; }
    std::string operator()(const MakeTap&) const { return "make a tap interface on the host"; }
    std::string operator()(const AskForTap&) const { return "get a tap interface from systemd-nsresourced"; }
    std::string operator()(const ClaimVsock&) const { return "get a CID for the guest from /dev/vhost-vsock"; }
    std::string operator()(const ListenVsock&) const { return "listen for the guest as " + id_; }
    std::string operator()(const MakeQmpSocket&) const { return "make a socket for QMP"; }
    std::string operator()(const MakeChannel&) const { return "make " + id_; }
    std::string operator()(const MakeTerminal&) const { return "make a terminal for the guest's console"; }
    std::string operator()(const PickPort& port) const { return fmt::format("find a free port on {} for {}", port.bind, id_); }
    std::string operator()(const CheckPorts& ports) const {
        return fmt::format("use {}port{} {} of {}", ports.udp ? "UDP " : "", ports.count == 1 ? "" : "s", vmspawn::to_string(ports),
                           ports.bind);
    }
    std::string operator()(const Listen&) const { return "make " + id_; }
    std::string operator()(const MakePair&) const { return "make " + id_; }
    std::string operator()(const MakeClient&) const { return "make " + id_; }
    std::string operator()(const KeepDirectory& directory) const {
        return directory.path.empty() ? "make " + id_ : fmt::format("use {} '{}'", id_, shown_path(plan_, directory.path));
    }
    std::string operator()(const MakeScope&) const { return "make a scope for the machine"; }
    std::string operator()(const ServeControl&) const { return "serve the control socket"; }
    std::string operator()(const MindSleep&) const { return "mind the host's sleep"; }
    std::string operator()(const RegisterMachine&) const { return "register the machine with systemd-machined"; }
    std::string operator()(const Spawn& spawn) const { return fmt::format("start '{}'", shown_path(plan_, spawn.program)); }

private:
    const Plan& plan_;
    const ResourceId& id_;
};

std::string place(const Resource& resource) {
    std::string where;
    if (!std::holds_alternative<FromDefault>(resource.because))
        where = to_string(resource.because);
    if (!resource.because_key.empty())
        where += (where.empty() ? "" : ", ") + resource.because_key;
    return where.empty() ? "" : " (" + where + ")";
}

std::string error_text(int error) {
    const char* text = strerrordesc_np(error);
    return text != nullptr ? text : fmt::format("error {}", error);
}

void add_said(std::string& lines, std::string_view line) {
    if (line.empty())
        return;
    lines.append(lines.empty() ? "" : "\n").append(line);
}

}  // namespace

std::string name_of(const Resource& resource) {
    return resource.id + place(resource);
}

std::string doing(const Plan& plan, const Resource& resource) {
    const auto* file = std::get_if<OpenFile>(&resource.up);
    if (file != nullptr && file->grow)
        return fmt::format("growing '{}'", shown_path(plan, file->path));
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    if (spawn == nullptr)
        return "making " + resource.id;
    const std::string program = kind_text(resource);
    if (resource.ready == Readiness::ended)
        return fmt::format("making {} with {}", spawn->fills ? spawn->fills->directory : resource.id, program);
    return "starting " + program;
}

Report describe(const Plan& plan, const Resource& resource, const Failure& failure) {
    std::string cause = error_text(failure.error);
    std::string_view rest = failure.detail;
    // These two say nothing by themselves: the first line of the detail does.
    if ((failure.error == EBUSY || failure.error == EIO) && !rest.empty()) {
        cause = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), cause.size() + 1));
    }
    Report report{.text = fmt::format("could not {}{}: {}", std::visit(Undone(plan, resource), resource.up), place(resource), cause),
                  .detail = ""};
    add_said(report.detail, failure.doing);
    add_said(report.detail, rest);
    if (!resource.without.empty())
        add_said(report.detail, resource.without);
    if (!std::holds_alternative<Spawn>(resource.up)) {  // QEMU's reasons are those of the whole machine
        for (const std::string& reason : resource.reasons)
            add_said(report.detail, reason);
    }
    return report;
}

}  // namespace vmspawn
