// What must be asked about the host before a machine can be planned: every path that it names.
#include "plan/contributors.hpp"
#include "plan/firmware.hpp"
#include "plan/planner.hpp"
#include "plan/services.hpp"
#include "plan/tpm.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

class Asked {
public:
    explicit Asked(const Machine& machine) : machine_(machine) {}

    void file(const Path& path, const std::string& key) { ask(Question::Kind::file, path.string(), key); }
    void file(const std::optional<Path>& path, const std::string& key) {
        if (path)
            file(*path, key);
    }
    /// A qcow2 image grows by QEMU's own programs.
    void grow_tools(const std::string& key) {
        for (const char* program : {"qemu-img", "qemu-storage-daemon", "fusermount3"})
            ask(Question::Kind::program, program, key);
        ask(Question::Kind::file, "/dev/fuse", key);
    }
    void virtiofsd(const std::string& key) {
        ask(Question::Kind::virtiofsd, "virtiofsd", key);
        for (const char* tool : {"newuidmap", "newgidmap"})
            ask(Question::Kind::program, tool, key);
    }
    void ask(Question::Kind kind, const std::string& subject, const std::string& key, const std::string& if_uki = "") {
        Question question{kind, subject, machine_.origin_of(key), if_uki};
        if (std::ranges::find(all_, question) == all_.end())
            all_.push_back(std::move(question));
    }
    std::vector<Question> take() { return std::move(all_); }

private:
    const Machine& machine_;
    std::vector<Question> all_;
};

void ask_about_firmware(const Machine& machine, Asked& asked) {
    const Boot& boot = machine.boot;
    if (!may_need_uefi(machine))
        return;
    // a kernel that is booted directly needs UEFI only when it is one image with its initrd, or something else asks for it
    const std::string if_uki = boot.linux_image && uefi_setting(machine).empty() ? boot.linux_image->string() : "";
    if (boot.firmware == FirmwareKind::descriptor)
        asked.file(boot.firmware_descriptor, "boot.firmware");
    asked.ask(Question::Kind::firmware, firmware_question(machine).subject, "boot.firmware", if_uki);
    asked.file(boot.nvram_template, "boot.nvram-template");
    for (const std::string& place : nvram_places(machine))
        asked.ask(Question::Kind::state, place, "boot.nvram-state", if_uki);
    if (boot.confidential == Confidential::tdx)
        asked.file(Path("/run/tdx-qgs/qgs.socket"), "boot.confidential");
}

void ask_about_vsock(const Machine& machine, Asked& asked) {
    if (machine.vsock.enabled == Want::no)
        return;
    asked.file(Path("/dev/vhost-vsock"), "vsock.enabled");
    asked.ask(Question::Kind::program, "vhost-device-vsock", "vsock.backend");
    if (machine.ssh.pass_key)
        asked.ask(Question::Kind::program, "ssh-keygen", "ssh.pass-key");
    if (machine.journal.forward)
        asked.ask(Question::Kind::program, "systemd-journal-remote", "journal.forward");
    if (machine.journal.is_limited())
        asked.ask(Question::Kind::option, "systemd-journal-remote --max-use", "journal.forward");
}

void ask_about_services(const Machine& machine, Asked& asked) {
    const Unit& unit = machine.unit;
    for (const bool user : {false, true}) {
        if (unit.scope == (user ? Scope::system : Scope::user))
            continue;
        const Services& services = services_of(user);
        for (const std::string& subject : {services.manager, services.bus})
            asked.ask(Question::Kind::service, subject, unit.keep ? "unit.register" : "unit.keep");
        for (const std::string& subject : {services.machined, services.machined_socket})
            if (unit.registered != Want::no)
                asked.ask(Question::Kind::service, subject, "unit.register");
    }
    if (unit.registered != Want::no)
        asked.ask(Question::Kind::service, services_of(false).machined_socket,
                  "unit.register");  // a user's machine may be known there, too
    for (const std::string& subject : {services_of(false).bus, services_of(false).logind})
        asked.ask(Question::Kind::service, subject, "");
}

void ask_about_networks(const Machine& machine, Asked& asked) {
    const auto first_tap = std::ranges::find(machine.networks, NetworkKind::tap, &Network::kind);
    if (first_tap != machine.networks.end() && !first_tap->mac)
        asked.ask(Question::Kind::tap_mac, machine.name, entry_key("network", first_tap->name, "kind"));
    for (const Network& network : machine.networks) {
        const std::string key = entry_key("network", network.name, "kind");
        if (network.kind == NetworkKind::tap) {
            asked.file(Path("/dev/net/tun"), key);
            asked.ask(Question::Kind::service, services_of(false).nsresourced, key);
        }
        if (network.kind != NetworkKind::user || network.backend == NetworkBackend::qemu)
            continue;
        asked.ask(Question::Kind::program, "passt", key);
        asked.ask(Question::Kind::release, "passt --version", key);
    }
}

void ask_about_tpm(const Machine& machine, Asked& asked) {
    if (machine.tpm.enabled == Want::no)
        return;
    for (const char* program : {"swtpm", "swtpm_setup", "swtpm_localca"})
        asked.ask(Question::Kind::program, program, "tpm.enabled");
    asked.ask(Question::Kind::profile, tpm_profile_question, "tpm.enabled");
    for (const std::string& place : tpm_places(machine)) {
        asked.ask(Question::Kind::state, place, "tpm.state");
        asked.ask(Question::Kind::state, place + "/" + tpm_state_file, "tpm.state");
    }
}

}  // namespace

Question firmware_question(const Machine& machine) {
    const bool named = machine.boot.firmware == FirmwareKind::descriptor;
    return {Question::Kind::firmware, named ? machine.boot.firmware_descriptor.string() : "", machine.origin_of("boot.firmware"), ""};
}

std::vector<Question> questions(const Machine& machine) {
    Asked asked(machine);
    if (machine.image.by_name)
        asked.ask(Question::Kind::image_name, machine.name, "name");
    if (machine.image.path)
        asked.ask(Question::Kind::disk, *machine.image.path, "image.path");
    if (machine.image.grow && machine.image.format == DiskFormat::qcow2 && !machine.image.ephemeral)
        asked.grow_tools("image.grow");
    asked.file(machine.image.directory, "image.directory");
    if (machine.image.directory && !machine.boot.linux_image)
        asked.ask(Question::Kind::tree, *machine.image.directory, "image.directory");
    for (const Drive& drive : machine.drives)
        asked.ask(Question::Kind::disk, drive.path, entry_key("drive", drive.name, "path"));
    asked.file(machine.boot.linux_image, "boot.linux");
    if (machine.image.path && machine.boot.linux_image && !names_a_root(machine.boot.cmdline))
        asked.ask(Question::Kind::layout, *machine.image.path, "image.path");
    for (std::size_t i = 0; i < machine.boot.initrds.size(); ++i)
        asked.file(machine.boot.initrds[i], element_key("boot.initrd", i));
    ask_about_firmware(machine, asked);
    ask_about_tpm(machine, asked);
    ask_about_networks(machine, asked);
    for (const Mount& mount : machine.mounts)
        asked.file(mount.source, entry_key("mount", mount.name, "source"));
    for (std::size_t i = 0; i < machine.users.bind.size(); ++i)
        asked.ask(Question::Kind::user, machine.users.bind[i], element_key("users.bind", i));
    if (machine.image.directory || !machine.mounts.empty() || !machine.users.bind.empty())
        asked.virtiofsd(machine.image.directory ? "image.directory" : machine.mounts.empty() ? "users.bind" : "mount");
    ask_about_vsock(machine, asked);
    ask_about_services(machine, asked);
    for (const Credential& credential : machine.credentials)
        if (const auto* file = std::get_if<CredentialFile>(&credential.source))
            asked.file(file->path, entry_key("credentials", credential.id));
    return asked.take();
}

}  // namespace vmspawn
