// VSOCK between guest and host: the kernel's device, or a helper's on a socket of ours; and what the guest tells over it.
#include "base/guest_cid.hpp"
#include "plan/contributors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>

namespace vmspawn {

namespace {

constexpr const char* kernel_device = "/dev/vhost-vsock";
constexpr const char* helper_program = "vhost-device-vsock";
constexpr const char* host_socket = "vsock";  ///< in the runtime directory: who connects there and says "CONNECT PORT" gets to the guest
constexpr std::uint32_t notify_port = 9999;   ///< only of the helper's device, which is this guest's alone

std::string helper_path(const Planning& p) {
    return p.host.program(helper_program);
}

std::string missing_kernel_device(const Planning& p) {
    return p.has("device/vhost-vsock-pci") ? "" : fmt::format("QEMU {} has no vhost-vsock-pci", p.qemu_facts.version);
}
/// Why a backend cannot be had; empty when it can.
std::string kernel_problem(const Planning& p) {
    const auto found = p.host.files.find(kernel_device);
    if (p.host.passed_vsock)
        return missing_kernel_device(p);
    if (found == p.host.files.end() || found->second.type == FileAnswer::Type::missing)
        return fmt::format("{} does not exist", kernel_device);
    if (!found->second.readable || !found->second.writable)
        return fmt::format("this user may not open {}", kernel_device);
    return missing_kernel_device(p);
}
std::string user_problem(const Planning& p) {
    if (helper_path(p).empty())
        return fmt::format("{} is not installed", helper_program);
    return p.has("device/vhost-user-vsock-pci") ? "" : fmt::format("QEMU {} has no vhost-user-vsock-pci", p.qemu_facts.version);
}

void add_kernel_device(Planning& p) {
    p.add({.id = "vsock",
           .up = ClaimVsock{.cid = p.machine.vsock.cid, .name = p.machine.name, .passed = p.host.passed_vsock},
           .because = p.origin("vsock.enabled"),
           .because_key = p.machine.vsock.cid ? "vsock.cid" : "vsock.enabled"});
    Word device("vhost-vsock-pci,id=vsock0,guest-cid=");
    device += Late{"vsock", Late::What::cid};
    device += ",vhostfd=";
    device += Late{"vsock", Late::What::fd};
    p.qemu.option("-device", std::move(device));
    p.add({.id = "vsock-cid",
           .needs = {"runtime-dir", "vsock"},
           .up = WriteFile{"cid", {Late{"vsock", Late::What::cid}}},
           .because = p.origin("vsock.enabled"),
           .because_key = "vsock.enabled"});
}

/// The guest's number is nobody else's business here: any serves.
void add_user_device(Planning& p) {
    constexpr const char* device_socket = "vsock.device";
    const ResourceId client = "vsock-client";
    p.add({.id = client, .up = MakeClient{device_socket}, .because = p.origin("vsock.enabled"), .because_key = "vsock.enabled"});
    const std::uint32_t cid = p.machine.vsock.cid.value_or(guest_cid(p.machine.name, 0));
    Spawn helper{.program = helper_path(p), .death_signal = SIGKILL, .critical = Critical::until_ready};
    helper.directory = "runtime-dir";
    helper.client = client;
    helper.arguments = {"--guest-cid", std::to_string(cid), "--socket", device_socket, "--uds-path", host_socket};
    p.add({.id = "vsock",
           .needs = {"runtime-dir", client},
           .up = std::move(helper),
           .ready = Readiness::connected,
           .because = p.origin("vsock.enabled"),
           .because_key = "vsock.enabled"});
    share_memory(p);
    Word chardev("socket,id=vsock,");
    chardev += Late{client, Late::What::chardev};
    p.qemu.option("-chardev", std::move(chardev));
    p.qemu.device({{"driver", "vhost-user-vsock-pci"}, {"id", "vsock0"}, {"chardev", "vsock"}});
}

void add_notifications(Planning& p) {
    const Ready& ready = p.machine.ready;
    const ResourceId id = listen_for_guest(p, "notify", notify_port, "ready.notify");
    p.plan.notify = {.listener = id, .wait = ready.notify, .timeout = {}};
    if (ready.timeout_us)
        p.plan.notify.timeout = std::chrono::microseconds(*ready.timeout_us);
    std::vector<ResourceId> after;
    if (p.link->backend == VsockBackend::user && told_by_smbios(p))
        after.push_back(p.link->device);
    add_credential(p, "vmm.notify_socket", {Text{"vsock-stream:2:"}, Late{id, Late::What::port}}, "ready.notify", std::move(after));
}

/// The guest cannot say when it is ready.
void go_without(Planning& p, const std::string& why) {
    const bool asked = p.machine.ready.notify && (p.machine.said("ready.notify") || p.machine.ready.timeout_us);
    const std::string key = p.machine.ready.timeout_us ? "ready.timeout" : "ready.notify";
    if (asked)
        miss(p, error(fmt::format("{}: the guest cannot tell when it is ready: {}", key, why), p.origin(key))
                    .with_hint("drop it, or let the machine have a vsock")
                    .with_error(EOPNOTSUPP));
    if (p.machine.ready.notify && (!asked || p.machine.as_systemd_vmspawn))
        p.reason(fmt::format("the machine counts as ready at once because {}", why));
}

/// Nothing where there can be no vsock: `asked` says whether that is an error, which is then among those found.
std::optional<VsockBackend> choose_backend(Planning& p, bool asked) {
    const Vsock& vsock = p.machine.vsock;
    const std::string kernel = kernel_problem(p), user = user_problem(p);
    if (vsock.backend != VsockBackend::user && kernel.empty())
        return VsockBackend::kernel;
    if (vsock.backend != VsockBackend::kernel && user.empty()) {
        if (vsock.backend == VsockBackend::automatic)
            p.reason(fmt::format("vsock.backend = user because {}", kernel));
        return VsockBackend::user;
    }
    const std::string why = vsock.backend == VsockBackend::kernel ? kernel
                            : vsock.backend == VsockBackend::user ? user
                                                                  : fmt::format("{}, and {}", kernel, user);
    const std::string key = vsock.backend == VsockBackend::automatic ? "vsock.enabled" : "vsock.backend";
    if (asked)
        p.found.add(error(fmt::format("{}: there can be no vsock: {}", key, why), p.origin(key))
                        .with_hint(fmt::format("modprobe vhost_vsock, or install {}", helper_program))
                        .with_error(EOPNOTSUPP));
    else
        p.reason(fmt::format("no vsock, although vsock.enabled = auto, because {}", why));
    return std::nullopt;
}

}  // namespace

ResourceId listen_for_guest(Planning& p, const std::string& id, std::uint32_t port, const std::string& key) {
    const bool user = p.link->backend == VsockBackend::user;
    ListenVsock listen{.device = p.link->device, .port = user ? port : 0, .socket = user ? fmt::format("{}_{}", host_socket, port) : ""};
    std::vector<ResourceId> needs;
    if (user)
        needs.emplace_back("runtime-dir");
    p.add({.id = id, .needs = std::move(needs), .up = std::move(listen), .because = p.origin(key), .because_key = key});
    return id;
}

void plan_vsock(Planning& p) {
    if (p.machine.vsock.enabled == Want::no && p.host.passed_vsock)
        p.plan.notices.emplace_back("the passed descriptor vhost-vsock is closed: vsock.enabled is off");
    if (p.machine.vsock.enabled == Want::no)
        return go_without(p, "vsock.enabled is off");
    const bool asked = p.machine.vsock.enabled == Want::yes || p.machine.vsock.backend != VsockBackend::automatic;
    const std::optional<VsockBackend> backend = choose_backend(p, asked);
    if (!backend)
        return asked ? void() : go_without(p, "there is no vsock");
    p.link = GuestLink{*backend, "vsock"};
    if (p.host.passed_vsock && *backend != VsockBackend::kernel)
        p.plan.notices.emplace_back("the passed descriptor vhost-vsock is closed: vsock.backend is user");
    *backend == VsockBackend::kernel ? add_kernel_device(p) : add_user_device(p);
    if (*backend == VsockBackend::user && !told_by_smbios(p))
        p.qemu_needs.push_back(p.link->device);
    if (p.machine.boot.confidential == Confidential::sev_snp) {
        p.reason("the guest is told of no notification socket because SMBIOS is no part of what SEV-SNP measures");
        return go_without(p, "a SEV-SNP guest is told nothing by vmspawn");
    }
    add_notifications(p);
}

}  // namespace vmspawn
