// A VirtualMachine of KubeVirt 1.7, kubevirt.io/v1, as kubectl takes it.
#include "export/kubevirt.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

using Json = Cluster::Json;

constexpr std::string_view cluster_has_none = "this is done by vmspawn while the machine runs, and a cluster has nothing like it";

std::string quantity(Bytes bytes) {
    constexpr Bytes kibi = 1024, mebi = kibi * kibi;
    if (bytes % mebi == 0)
        return fmt::format("{}Mi", bytes / mebi);
    return bytes % kibi == 0 ? fmt::format("{}Ki", bytes / kibi) : std::to_string(bytes);
}

void add_processors(Cluster& c, Json& domain) {
    const Machine& m = c.machine;
    domain["cpu"] = {{"cores", m.cpus}};
    c.ledger.kept("cpus");
    const std::string model = m.qemu.cpu.value_or("");
    if (model == "host")
        domain["cpu"]["model"] = "host-passthrough";
    else if (model == "max")
        domain["cpu"]["model"] = "maximum";
    else if (model.find(',') == std::string::npos && !model.empty())
        domain["cpu"]["model"] = model;
    c.ledger.settle("qemu.cpu", model.find(',') == std::string::npos, "only a model is taken: add cpu.features by hand");
}

void add_memory(Cluster& c, Json& domain) {
    const Memory& memory = c.machine.memory;
    domain["memory"] = {{"guest", quantity(memory.size)}};
    if (memory.max)
        domain["memory"]["maxGuest"] = quantity(*memory.max);
    c.ledger.kept("ram");
    c.ledger.kept("ram-max");
    c.ledger.lost("ram-slots", "a cluster counts no slots");
}

void add_architecture(Cluster& c) {
    const Arch arch = c.machine.arch;
    if (arch == Arch::x86_64 || arch == Arch::aarch64)
        c.spec["architecture"] = arch == Arch::x86_64 ? "amd64" : "arm64";
    c.ledger.settle("arch", arch != Arch::riscv64, "KubeVirt has no machines of riscv64");
    c.ledger.settle("kvm", c.machine.kvm == Want::yes, "whether a node may emulate is a setting of the cluster (useEmulation)");
}

/// `virtctl console` and `virtctl vnc`.
void add_console(Cluster& c) {
    const Console& console = c.machine.console;
    const bool has_console = console.mode != ConsoleMode::headless && console.mode != ConsoleMode::gui;
    c.devices["autoattachSerialConsole"] = has_console || console.log;
    c.devices["autoattachGraphicsDevice"] = console.mode == ConsoleMode::gui;
    if (console.log)
        c.devices["logSerialConsole"] = true;
    c.ledger.settle("console.mode", console.mode != ConsoleMode::read_only && console.mode != ConsoleMode::native,
                    "`virtctl console` has one way to show a console, and also sends what is typed");
    c.ledger.settle("console.transport", console.transport == ConsoleTransport::serial, "KubeVirt's console is a serial port");
    c.ledger.lost("console.background", "`virtctl console` leaves the terminal's colours alone");
    c.ledger.lost("console.log", "the log goes to a container of the machine's pod: kubectl logs -c guest-console-log");
}

void add_tpm(Cluster& c) {
    const Tpm& tpm = c.machine.tpm;
    const bool has_tpm = tpm.enabled != Want::no && c.machine.boot.confidential == Confidential::no;
    if (has_tpm)
        c.devices["tpm"] = {{"persistent", tpm.state.kind != StateKind::off}};
    c.ledger.settle(
        "tpm.enabled", tpm.enabled != Want::if_possible && has_tpm == (tpm.enabled == Want::yes),
        has_tpm ? "a cluster has no auto: the machine has a TPM, or does not start" : "a confidential guest has no emulated TPM");
    c.ledger.settle("tpm.state", has_tpm && tpm.state.kind != StateKind::at, "the cluster keeps the state in a volume of its own");
}

/// The feature gate VSOCK is closed in most clusters, so auto does without.
void add_vsock(Cluster& c) {
    const Vsock& vsock = c.machine.vsock;
    if (vsock.enabled == Want::yes)
        c.devices["autoattachVSOCK"] = true;
    c.ledger.settle("vsock.enabled", vsock.enabled != Want::if_possible, "a cluster has no auto: the machine has no vsock");
    c.ledger.lost("vsock.cid", "the cluster gives out the addresses");
    c.ledger.settle("vsock.backend", vsock.enabled == Want::yes && vsock.backend == VsockBackend::kernel,
                    "KubeVirt has the kernel's vsock only");
}

void settle_rest(Cluster& c) {
    for (const char* key : {"ssh", "journal", "ready"})
        c.ledger.lost(key, cluster_has_none);
    c.ledger.lost("users", "users of one host are none of a cluster");
    c.ledger.lost("unit", "a cluster schedules by pods, not by units of systemd");
    c.ledger.lost("qemu.binary", "KubeVirt brings its own QEMU");
    c.ledger.lost("qemu.extra", "KubeVirt writes QEMU's command line: a hook sidecar may change it");
    c.ledger.settle("qemu.legacy-devices", c.machine.qemu.legacy_devices, "KubeVirt always gives a PC guest these controllers");
    c.ledger.lost("qemu.hotplug-ports", "KubeVirt lays out PCI Express ports itself");
    c.ledger.lost("smbios", "KubeVirt sets no strings of SMBIOS type 11");
    for (const Credential& credential : c.machine.credentials)
        c.ledger.lost(entry_key("credentials", credential.id),
                      "KubeVirt passes no credentials of systemd: use cloud-init, or a volume of a Secret");
    for (const Mount& mount : c.machine.mounts)
        c.ledger.lost(entry_key("mount", mount.name),
                      "a cluster does not see directories of one host: put them into a claim, and share that by virtiofs");
}

Json labels(const Cluster& c) {
    return {{"kubevirt.io/vm", c.name}};
}

Json metadata(const Cluster& c, const std::vector<Loss>& losses) {
    Json out{{"name", c.name}, {"labels", labels(c)}};
    if (!c.machine.description.empty())
        out["annotations"]["description"] = c.machine.description;
    std::string lost;
    for (const Loss& loss : losses)
        lost += fmt::format("{}: {}\n", loss.key, loss.reason);
    if (!lost.empty())
        out["annotations"]["vmspawn-losses"] = lost;
    return out;
}

}  // namespace

std::string cluster_name(std::string_view said) {
    constexpr std::size_t longest = 63;
    std::string name;
    for (const char c : said.substr(0, longest))
        if (c >= 'A' && c <= 'Z')
            name += static_cast<char>(c - 'A' + 'a');
        else
            name += (c >= 'a' && c <= 'z') || is_digit(c) ? c : '-';
    name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
    name.erase(name.find_last_not_of('-') + 1);
    return name.empty() ? "x" : name;
}

std::string Cluster::own_name(std::string_view said) {
    std::string chosen = cluster_name(said);
    for (std::size_t i = 2; std::ranges::find(names_taken, chosen) != names_taken.end(); ++i)
        chosen = fmt::format("{}-{}", cluster_name(said.substr(0, 50)), i);
    names_taken.push_back(chosen);
    return chosen;
}

Export export_kubevirt(const Machine& machine, const ExportContext& context) {
    Ledger ledger(machine);
    Cluster c{.machine = machine, .ledger = ledger, .way = way_to_start(machine), .name = cluster_name(machine.name)};
    c.arch = machine.arch == Arch::native ? context.native : machine.arch;
    ledger.settle("name", c.name == machine.name,
                  fmt::format("a cluster's names have lower-case letters, digits and '-': it is {}", c.name));
    ledger.kept("description");
    add_architecture(c);
    Json domain = Json::object();
    add_processors(c, domain);
    add_memory(c, domain);
    c.spec["domain"] = std::move(domain);
    add_cluster_firmware(c);
    c.devices["rng"] = Json::object();
    add_console(c);
    add_tpm(c);
    add_vsock(c);
    add_cluster_disks(c);
    add_cluster_networks(c);
    c.spec["domain"]["devices"] = std::move(c.devices);
    settle_rest(c);
    Export exported{.losses = ledger.losses("KubeVirt has nothing for it that vmspawn knows of")};
    const Json document{{"apiVersion", "kubevirt.io/v1"},
                        {"kind", "VirtualMachine"},
                        {"metadata", metadata(c, exported.losses)},
                        {"spec", {{"runStrategy", "Manual"}, {"template", {{"metadata", {{"labels", labels(c)}}}, {"spec", c.spec}}}}}};
    exported.text = document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    return exported;
}

}  // namespace vmspawn
