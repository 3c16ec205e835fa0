#include "host/probe.hpp"

#include <fmt/format.h>

#include <array>

namespace vmspawn {

namespace {

using Verdict = HostItem::Verdict;

constexpr const char* vsock_device = "/dev/vhost-vsock";
constexpr const char* tap_device = "/dev/net/tun";
constexpr const char* firmware_directory = "/usr/share/qemu/firmware";
constexpr const char* systemd_directory = "/run/systemd/system";

/// A program that some settings need, and the package it is in.
struct Helper {
    const char* program;
    const char* use;
    const char* debian;
    const char* fedora;
    const char* arch;
};
constexpr std::array helpers{
    Helper{"qemu-img", "qcow2 images", "qemu-utils", "qemu-img", "qemu-img"},
    Helper{"swtpm", "the TPM", "swtpm", "swtpm", "swtpm"},
    Helper{"swtpm_setup", "the TPM's certificates", "swtpm-tools", "swtpm-tools", "swtpm"},
    Helper{"vhost-device-vsock", "VSOCK without the kernel's", "vhost-device-vsock", "vhost-device-vsock", "vhost-device-vsock"},
    Helper{"systemd-journal-remote", "the guest's journal", "systemd-journal-remote", "systemd-journal-remote", "systemd"},
    Helper{"passt", "networks without root", "passt", "passt", "passt"},
    Helper{"ssh-keygen", "SSH keys", "openssh-client", "openssh", "openssh"},
    Helper{"ssh", "vmspawn ssh", "openssh-client", "openssh-clients", "openssh"},
};
constexpr std::array package_managers{"apt-get", "dnf", "pacman"};

const FileAnswer* file(const Host& host, const std::string& path) {
    const auto found = host.files.find(path);
    return found == host.files.end() ? nullptr : &found->second;
}

/// The path of a program; null when nobody asked.
const std::string* program(const Host& host, const std::string& name) {
    const auto found = host.programs.find(name);
    return found == host.programs.end() ? nullptr : &found->second;
}

bool has_program(const Host& host, const std::string& name) {
    const std::string* path = program(host, name);
    return path != nullptr && !path->empty();
}

std::string install(const Host& host, const std::string& debian, const std::string& fedora, const std::string& arch) {
    if (has_program(host, "apt-get"))
        return "apt-get install " + debian;
    if (has_program(host, "dnf"))
        return "dnf install " + fedora;
    if (has_program(host, "pacman"))
        return "pacman -S " + arch;
    return "install the package " + debian;
}

std::string install_qemu(const Host& host, const std::string& arch) {
    if (arch == "x86_64")
        return install(host, "qemu-system-x86", "qemu-system-x86-core", "qemu-system-x86");
    if (arch == "aarch64")
        return install(host, "qemu-system-arm", "qemu-system-aarch64-core", "qemu-system-aarch64");
    if (arch == "riscv64")
        return install(host, "qemu-system-misc", "qemu-system-riscv-core", "qemu-system-riscv");
    return install(host, "qemu-system", "qemu", "qemu-full");
}

HostItem assess_kvm(const Host& host) {
    if (host.kvm.usable)
        return {Verdict::pass, "KVM", "usable", ""};
    return {Verdict::warn, "KVM", host.kvm.reason + ": guests are emulated and slow", host.kvm.fix};
}

/// Only the QEMU for the host's own architecture must be there.
HostItem assess_qemu(const Host& host, const std::string& arch, const QemuFacts& facts) {
    const std::string name = "QEMU " + arch;
    if (facts.problem.empty())
        return {Verdict::pass, name, facts.version + ", " + facts.path, ""};
    const Verdict verdict = arch == host.arch ? Verdict::fail : Verdict::warn;
    if (facts.path.empty())
        return {verdict, name, facts.problem, install_qemu(host, arch)};
    return {verdict, name, facts.path + ": " + facts.problem, ""};
}

HostItem assess_sandbox(const QemuFacts& facts) {
    if (facts.features.contains("sandbox"))
        return {Verdict::pass, "sandbox", "QEMU can be confined by seccomp", ""};
    return {Verdict::warn, "sandbox", facts.path + " was built without seccomp", "use a QEMU with libseccomp"};
}

void assess_qemus(const Host& host, std::vector<HostItem>& items) {
    if (const auto native = host.qemu.find(host.arch); native != host.qemu.end()) {
        items.push_back(assess_qemu(host, native->first, native->second));
        if (native->second.problem.empty())
            items.push_back(assess_sandbox(native->second));
    }
    for (const auto& [arch, facts] : host.qemu)
        if (arch != host.arch)
            items.push_back(assess_qemu(host, arch, facts));
}

void assess_device(const Host& host, const std::string& path, const std::string& name, const std::string& module,
                   std::vector<HostItem>& items) {
    const FileAnswer* answer = file(host, path);
    if (answer == nullptr)
        return;
    if (answer->type == FileAnswer::Type::missing)
        items.push_back({Verdict::warn, name, "there is no " + path, "modprobe " + module});
    else if (!answer->readable || !answer->writable)
        items.push_back({Verdict::warn, name, path + " may not be used by this user",
                         fmt::format("setfacl -m u:{}:rw {}   (as root)", host.uid, path)});
    else
        items.push_back({Verdict::pass, name, path, ""});
}

void assess_helpers(const Host& host, std::vector<HostItem>& items) {
    for (const Helper& helper : helpers) {
        const std::string* path = program(host, helper.program);
        if (path == nullptr)
            continue;
        if (path->empty())
            items.push_back({Verdict::warn, helper.program, fmt::format("not found; needed for {}", helper.use),
                             install(host, helper.debian, helper.fedora, helper.arch)});
        else
            items.push_back({Verdict::pass, helper.program, *path, ""});
    }
}

void assess_virtiofsd(const Host& host, std::vector<HostItem>& items) {
    if (!host.virtiofsd)
        return;
    const Virtiofsd& found = *host.virtiofsd;
    if (found.path.empty())
        items.push_back({Verdict::warn, "virtiofsd", "not found; needed for directories as root and shares",
                         install(host, "virtiofsd", "virtiofsd", "virtiofsd")});
    else if (found.version.empty())
        items.push_back({Verdict::warn, "virtiofsd", found.path + " does not say its version: it does not seem to run", ""});
    else
        items.push_back({Verdict::pass, "virtiofsd", found.version + ", " + found.path, ""});
}

void assess_firmware(const Host& host, std::vector<HostItem>& items) {
    const FileAnswer* answer = file(host, firmware_directory);
    if (answer == nullptr)
        return;
    if (answer->type == FileAnswer::Type::directory) {
        items.push_back({Verdict::pass, "UEFI firmware", firmware_directory, ""});
        return;
    }
    const bool arm = host.arch == "aarch64";
    items.push_back(
        {Verdict::warn, "UEFI firmware", fmt::format("no descriptors in {}: disks with UEFI do not boot", firmware_directory),
         arm ? install(host, "qemu-efi-aarch64", "edk2-aarch64", "edk2-aarch64") : install(host, "ovmf", "edk2-ovmf", "edk2-ovmf")});
}

void assess_machined(const Host& host, std::vector<HostItem>& items) {
    const FileAnswer* systemd = file(host, systemd_directory);
    if (systemd == nullptr)
        return;
    if (systemd->type != FileAnswer::Type::directory)
        items.push_back({Verdict::warn, "machined", "systemd does not run here: machines are not registered", ""});
    else if (!has_program(host, "systemd-machined"))
        items.push_back({Verdict::warn, "machined", "not installed: machines are not registered",
                         install(host, "systemd-container", "systemd-container", "systemd")});
    else
        items.push_back({Verdict::pass, "machined", *program(host, "systemd-machined"), ""});
}

/// A directory that is not there yet is made when it is needed.
void assess_runtime(const Host& host, std::vector<HostItem>& items) {
    const FileAnswer* answer = file(host, host.runtime_base);
    if (answer == nullptr || (answer->type == FileAnswer::Type::missing && answer->error == 0))
        return;
    const bool ours = answer->type == FileAnswer::Type::directory && answer->owner == host.uid && answer->writable;
    if (ours)
        items.push_back({Verdict::pass, "runtime directory", host.runtime_base, ""});
    else
        items.push_back({Verdict::fail, "runtime directory", host.runtime_base + " is not a directory of this user's own",
                         "export XDG_RUNTIME_DIR=/run/user/$(id -u)"});
}

}  // namespace

std::vector<Question> standing_questions() {
    std::vector<Question> questions;
    for (const char* path : {vsock_device, tap_device, firmware_directory, systemd_directory})
        questions.push_back({Question::Kind::file, path, FromDefault{}});
    for (const Helper& helper : helpers)
        questions.push_back({Question::Kind::program, helper.program, FromDefault{}});
    for (const char* manager : package_managers)
        questions.push_back({Question::Kind::program, manager, FromDefault{}});
    questions.push_back({Question::Kind::program, "systemd-machined", FromDefault{}});
    return questions;
}

std::vector<HostItem> assess(const Host& host) {
    std::vector<HostItem> items{assess_kvm(host)};
    assess_qemus(host, items);
    assess_runtime(host, items);
    assess_device(host, vsock_device, "vsock", "vhost_vsock", items);
    assess_device(host, tap_device, "TAP", "tun", items);
    assess_firmware(host, items);
    assess_helpers(host, items);
    assess_virtiofsd(host, items);
    assess_machined(host, items);
    return items;
}

}  // namespace vmspawn
