// A libvirt domain: https://libvirt.org/formatdomain.html, as libvirt 11 takes it. An older one refuses what it does not know.
#include "export/libvirt.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "export/texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace vmspawn {

pugi::xml_node append(pugi::xml_node parent, const char* name, std::initializer_list<std::pair<const char*, std::string>> attributes) {
    pugi::xml_node node = parent.append_child(name);
    for (const auto& [attribute, value] : attributes)
        if (!value.empty())
            node.append_attribute(attribute).set_value(value.c_str());
    return node;
}

pugi::xml_node append_text(pugi::xml_node parent, const char* name, const std::string& text) {
    pugi::xml_node node = parent.append_child(name);
    node.text().set(text.c_str());
    return node;
}

std::string Domain::text(std::string_view key, std::string_view value) const {
    std::string kept;
    for (std::string_view rest = value; !rest.empty();) {
        const CodePoint point = decode_utf8(rest);
        const bool fits = point.valid && (point.value >= 0x20 || point.value == '\t' || point.value == '\n') && point.value != 0xFFFE &&
                          point.value != 0xFFFF;
        if (fits)
            kept += rest.substr(0, point.bytes);
        rest.remove_prefix(point.bytes);
    }
    if (kept.size() != value.size())
        ledger.lost(key, "XML holds neither control characters nor what is not UTF-8: they are left out");
    return kept;
}

namespace {

constexpr std::string_view libvirt_has_none = "this is done by vmspawn while the machine runs, and libvirt has nothing like it";

std::string kibibytes(Bytes bytes) {
    return std::to_string((bytes + 1023) / 1024);
}

/// "machine-tests.slice" is /machine/tests; empty: libvirt could not say it.
std::string partition_of(std::string_view slice) {
    if (slice.ends_with(".slice"))
        slice.remove_suffix(std::string_view(".slice").size());
    std::string path = "/";
    for (const char c : slice) {
        const bool is_plain = is_letter(c) || is_digit(c) || c == '_' || c == '.';
        if (c != '-' && !is_plain)
            return {};
        path += c == '-' ? '/' : c;
    }
    return path;
}

void add_identity(Domain& d) {
    const Machine& m = d.machine;
    append_text(d.root, "name", d.text("name", m.name));
    d.ledger.kept("name");
    if (m.uuid)
        append_text(d.root, "uuid", dashed(*m.uuid));
    d.ledger.kept("uuid");
    if (d.arch == Arch::x86_64)
        append(d.root, "genid");
    if (!m.description.empty())
        append_text(d.root, "description", d.text("description", m.description));
    d.ledger.kept("description");
}

void add_memory(Domain& d) {
    const Memory& memory = d.machine.memory;
    if (memory.max)
        append(d.root, "maxMemory", {{"slots", std::to_string(memory.slots.value_or(1))}, {"unit", "KiB"}})
            .text()
            .set(kibibytes(*memory.max).c_str());
    append(d.root, "memory", {{"unit", "KiB"}}).text().set(kibibytes(memory.size).c_str());
    for (const char* key : {"ram", "ram-max", "ram-slots"})
        d.ledger.kept(key);
}

/// One model and its features: "EPYC,+svm,-avx2,pmu=off". False: it says something that libvirt cannot.
bool add_cpu_model(pugi::xml_node cpu, std::string_view said) {
    std::vector<std::string> parts(1);
    for (const char c : said)
        if (c == ',')
            parts.emplace_back();
        else
            parts.back() += c;
    const std::string& model = parts.front();
    if (model == "host" || model == "max") {
        cpu.append_attribute("mode").set_value(model == "host" ? "host-passthrough" : "maximum");
    } else {
        cpu.append_attribute("mode").set_value("custom");
        cpu.append_attribute("match").set_value("exact");
        append(cpu, "model", {{"fallback", "forbid"}}).text().set(model.c_str());
    }
    bool all = true;
    for (std::string part : std::vector(parts.begin() + 1, parts.end())) {
        const bool is_off = part.starts_with('-') || part.ends_with("=off");
        if (part.ends_with("=on") || part.ends_with("=off"))
            part.resize(part.rfind('='));
        else if (part.starts_with('+') || part.starts_with('-'))
            part.erase(0, 1);
        if (part.empty() || part.find('=') != std::string::npos)
            all = false;
        else
            append(cpu, "feature", {{"policy", is_off ? "disable" : "require"}, {"name", part}});
    }
    return all;
}

void add_processors(Domain& d) {
    const Machine& m = d.machine;
    append_text(d.root, "vcpu", std::to_string(m.cpus));
    d.ledger.kept("cpus");
    if (const std::string partition = partition_of(m.unit.slice); partition.empty())
        d.ledger.lost("unit.slice", "libvirt takes a slice as a path of plain names");
    else if (m.unit.slice != "machine.slice")
        append_text(append(d.root, "resource"), "partition", partition);
    d.ledger.kept("unit.slice");
}

/// As vmspawn has it where nobody says it.
std::string_view usual_cpu(const Machine& machine) {
    switch (machine.boot.confidential) {
        case Confidential::sev_snp:
            return "EPYC-v4";
        case Confidential::tdx:
            return "host";
        case Confidential::no:
            break;
    }
    return "max";
}

/// Memory that is plugged in belongs to a node.
void add_cpu(Domain& d) {
    pugi::xml_node cpu = append(d.root, "cpu");
    const bool all = add_cpu_model(cpu, d.machine.qemu.cpu ? std::string_view(*d.machine.qemu.cpu) : usual_cpu(d.machine));
    d.ledger.settle("qemu.cpu", all, "libvirt takes a model and features to switch on or off, and no other properties");
    if (d.machine.memory.max)
        append(append(cpu, "numa"), "cell",
               {{"id", "0"},
                {"cpus", d.machine.cpus == 1 ? "0" : fmt::format("0-{}", d.machine.cpus - 1)},
                {"memory", kibibytes(d.machine.memory.size)},
                {"unit", "KiB"}});
}

/// As vmspawn: they make timers cheaper.
bool has_hyperv_hints(const Domain& d) {
    const Machine& m = d.machine;
    return d.arch == Arch::x86_64 && d.is_native && m.kvm != Want::no && !m.qemu.cpu && m.boot.confidential == Confidential::no;
}

void add_features(Domain& d) {
    d.features = append(d.root, "features");
    if (d.arch == Arch::x86_64 || d.way == WayToStart::uefi)
        append(d.features, "acpi");
    if (d.arch == Arch::x86_64)
        append(d.features, "apic");
    if (!has_hyperv_hints(d))
        return;
    pugi::xml_node hints = append(d.features, "hyperv", {{"mode", "custom"}});
    append(hints, "relaxed", {{"state", "on"}});
    append(hints, "vapic", {{"state", "on"}});
}

void add_ends(Domain& d) {
    pugi::xml_node clock = append(d.root, "clock", {{"offset", "utc"}});
    if (d.arch == Arch::x86_64)
        append(clock, "timer", {{"name", "hpet"}, {"present", "no"}});
    if (has_hyperv_hints(d))
        append(clock, "timer", {{"name", "hypervclock"}, {"present", "yes"}});
    append_text(d.root, "on_poweroff", "destroy");
    append_text(d.root, "on_reboot", "restart");
    append_text(d.root, "on_crash", "destroy");
}

void add_usual_devices(Domain& d) {
    append(append(d.devices, "rng", {{"model", "virtio"}}), "backend", {{"model", "builtin"}});
    if (d.machine.boot.confidential == Confidential::no)  // else the host can use none of the pages that come back
        append(d.devices, "memballoon", {{"model", "virtio"}, {"freePageReporting", "on"}});
    else
        append(d.devices, "memballoon", {{"model", "none"}});
    if (d.arch == Arch::x86_64)
        append(d.devices, "panic", {{"model", "isa"}});
}

void settle_engine(Domain& d) {
    const Machine& m = d.machine;
    if (m.qemu.binary)
        append_text(d.devices, "emulator", d.path("qemu.binary", *m.qemu.binary));
    d.ledger.kept("qemu.binary");
    d.ledger.settle("kvm", m.kvm != Want::if_possible, "libvirt does not fall back to emulation: the domain asks for KVM");
    d.ledger.kept("arch");
    d.ledger.settle("qemu.legacy-devices", m.qemu.legacy_devices, "libvirt always gives a PC guest these controllers");
    d.ledger.lost("qemu.hotplug-ports", "libvirt lays out PCI Express ports itself; add <controller type='pci' model='pcie-root-port'/>");
    if (!m.qemu.extra.empty()) {
        d.root.append_attribute("xmlns:qemu").set_value("http://libvirt.org/schemas/domain/qemu/1.0");
        pugi::xml_node line = append(d.root, "qemu:commandline");
        for (std::size_t i = 0; i < m.qemu.extra.size(); ++i)
            append(line, "qemu:arg").append_attribute("value").set_value(d.text(element_key("qemu.extra", i), m.qemu.extra[i]).c_str());
    }
    d.ledger.kept("qemu.extra");
}

void settle_host_side(Domain& d) {
    const Machine& m = d.machine;
    for (const char* key : {"ssh", "journal", "ready"})
        d.ledger.lost(key, libvirt_has_none);
    d.ledger.lost("users", "users and their homes are handed over by vmspawn at each start");
    d.ledger.settle("unit.register", m.unit.registered == Want::yes, "libvirt itself decides: with systemd-machined it registers");
    d.ledger.settle("unit.keep", !m.unit.keep, "libvirt makes a scope of its own for each machine");
    d.ledger.lost("unit.scope", "the connection decides: qemu:///system or qemu:///session");
    d.ledger.lost("unit.properties", "libvirt sets the scope's limits itself: see <memtune>, <cputune> and <blkiotune>");
}

/// "--" would end an XML comment.
std::string comment_text(std::string text) {
    for (std::size_t at = 0; (at = text.find("--", at)) != std::string::npos;)
        text.insert(at + 1, " ");
    return " " + printable(text) + " ";
}

std::string document_text(const pugi::xml_document& document) {
    std::ostringstream text;
    document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
    return text.str();
}

}  // namespace

Export export_libvirt(const Machine& machine, const ExportContext& context) {
    pugi::xml_document document;
    Ledger ledger(machine);
    Domain d{.machine = machine, .ledger = ledger, .way = way_to_start(machine)};
    d.arch = machine.arch == Arch::native ? context.native : machine.arch;
    d.is_native = d.arch == context.native;
    d.root = document.append_child("domain");
    d.root.append_attribute("type").set_value(machine.kvm != Want::no && d.is_native ? "kvm" : "qemu");
    add_identity(d);
    add_memory(d);
    add_processors(d);
    d.os = append(d.root, "os");
    add_features(d);
    add_cpu(d);
    add_ends(d);
    d.devices = append(d.root, "devices");
    settle_engine(d);
    add_boot(d);
    add_disks(d);
    add_console(d);
    add_shares(d);
    add_networks(d);
    add_tpm_and_vsock(d);
    add_usual_devices(d);
    add_channels(d);
    settle_host_side(d);
    Export exported{.losses = ledger.losses("libvirt has nothing for it that vmspawn knows of")};
    for (auto loss = exported.losses.rbegin(); loss != exported.losses.rend(); ++loss)
        document.prepend_child(pugi::node_comment).set_value(comment_text(fmt::format("lost: {}: {}", loss->key, loss->reason)).c_str());
    exported.text = document_text(document);
    return exported;
}

}  // namespace vmspawn
