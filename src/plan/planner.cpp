#include "plan/planner.hpp"

#include "model/rules.hpp"
#include "plan/contributors.hpp"
#include "plan/firmware.hpp"
#include "plan/own_words.hpp"
#include "plan/paths.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace vmspawn {

namespace {

using Contributor = void (*)(Planning&);

// The table of contents of this folder. Later ones see what earlier ones decided.
constexpr Contributor contributors[] = {
    plan_runtime_directory,
    plan_accelerator,
    plan_confidential,
    plan_kernel,
    plan_firmware,
    plan_basics,
    plan_qmp,
    plan_console,
    plan_storage,
    plan_mounts,
    plan_users,  // adds to both, the mounts and the credentials
    plan_tpm,
    plan_vsock,
    plan_ssh,
    plan_journal,
    plan_control,
    plan_command,
    plan_unit,
    plan_network,
    plan_hotplug,
    plan_smbios,
    plan_credentials,
    plan_root,
    plan_boot,
    plan_extra,
    plan_record,
};

bool is_answered(const Question& question, const Host& host) {
    switch (question.kind) {
        case Question::Kind::file:
        case Question::Kind::disk:
            return host.files.contains(question.subject);
        case Question::Kind::service:
            return host.files.contains(service_path(host, question.subject));
        case Question::Kind::program:
        case Question::Kind::option:
        case Question::Kind::release:
        case Question::Kind::profile:
            return host.programs.contains(question.subject);
        case Question::Kind::state: {
            const std::string path = state_path(host, question.subject);
            return path.empty() || host.files.contains(path);
        }
        case Question::Kind::firmware:
            return question.subject.empty() ? host.firmware.has_value() : host.descriptors.contains(question.subject);
        case Question::Kind::tree:
            return host.trees.contains(question.subject);
        case Question::Kind::layout:
            return host.layouts.contains(question.subject);
        case Question::Kind::image_name:
            return host.images.contains(question.subject);
        case Question::Kind::virtiofsd:
            return host.virtiofsd.has_value();
        case Question::Kind::user: {
            const auto user = host.users.find(question.subject);
            return user != host.users.end() && (user->second.home.empty() || host.files.contains(user->second.home));
        }
        case Question::Kind::tap_mac:
            return !host.tap_macs || host.tap_macs->contains(question.subject);
    }
    return false;
}

std::string subject_of(const Question& question, const Machine& machine) {
    if (question.kind == Question::Kind::firmware && question.subject.empty())
        return "its firmware";
    if (question.kind == Question::Kind::user)
        return "the user " + question.subject;
    if (question.kind == Question::Kind::tap_mac)
        return "the hardware address of the machine " + question.subject;
    if (question.kind == Question::Kind::service)
        return "its service manager: " + question.subject;
    return shown_path(question.subject, {machine.directory, machine.home});
}

bool all_answered(const Machine& machine, const Host& host, Diagnostics& found) {
    bool answered = true;
    for (const Question& question : questions(machine)) {
        if (!applies(question, host) || is_answered(question, host))
            continue;
        answered = false;
        const std::string subject = subject_of(question, machine);
        found.add(error(fmt::format("the record of the host has no answer about {}", subject), question.because)
                      .with_hint("record it with: vmspawn host FILE --format=json"));
    }
    return answered;
}

const QemuFacts* find_qemu(const Machine& machine, const Host& host, const GuestArch& arch, Diagnostics& found) {
    const auto facts = host.qemu.find(std::string(arch.name));
    if (facts != host.qemu.end() && facts->second.problem.empty() && !facts->second.path.empty())
        return &facts->second;
    const bool there = facts != host.qemu.end() && !facts->second.problem.empty();
    const std::string why = there ? ": " + facts->second.problem : "";
    found.add(error(fmt::format("no QEMU for {} guests{}", arch.name, why), machine.origin_of(machine.qemu.binary ? "qemu.binary" : "arch"))
                  .with_hint(machine.qemu.binary ? "qemu.binary must name a working QEMU" : fmt::format("apt install {}", arch.package))
                  .with_error(EOPNOTSUPP));
    return nullptr;
}

std::vector<Word> qemu_words(const Planning& p) {
    QemuCommand head;
    head.option("-nodefaults");
    head.option("-no-user-config");
    std::string machine = fmt::format("type={}", p.arch.machine);
    for (const std::string& option : p.machine_options)
        machine += "," + option;
    head.option("-machine", machine);
    head.append(p.qemu);
    return head.words();
}

/// Every resource that a word mentions or a contributor names, in the plan's order; and the name: one that is in use must be refused before
/// a second QEMU starts.
std::vector<ResourceId> qemu_needs(const Planning& p) {
    std::vector<ResourceId> mentioned = p.qemu.mentioned();
    mentioned.insert(mentioned.end(), p.qemu_needs.begin(), p.qemu_needs.end());
    std::vector<ResourceId> needs{"runtime-dir"};
    for (const Resource& resource : p.plan.resources)
        if (resource.id != needs.front() && std::ranges::find(mentioned, resource.id) != mentioned.end())
            needs.push_back(resource.id);
    return needs;
}

void add_qemu(Planning& p) {
    Spawn spawn{.program = p.qemu_facts.path, .arguments = qemu_words(p), .death_signal = SIGTERM};
    spawn.environment = std::move(p.qemu_environment);
    if (const OwnProgram own = own_program(p); own.kind == OwnProgram::Kind::privileged) {
        spawn.no_new_privileges = false;
        p.reason(fmt::format("what QEMU starts may gain privileges because \"{}\" needs it", own.word));
    }
    p.add({.id = p.plan.qemu,
           .needs = qemu_needs(p),
           .up = std::move(spawn),
           .ready = Readiness::greeting,
           .because = p.origin("qemu.binary"),
           .because_key = p.machine.said("qemu.binary") ? "qemu.binary" : "",
           .reasons = p.qemu_reasons});
}

}  // namespace

void miss(Planning& p, Diagnostic problem) {
    p.found.add(p.machine.as_systemd_vmspawn ? left_out(std::move(problem)) : std::move(problem));
}

std::string Planning::shown(const Path& path) const {
    return shown_path(path, {machine.directory, machine.home});
}

std::string guest_arch(const Machine& machine, const Host& host) {
    return machine.arch == Arch::native ? host.arch : std::string(to_word(machine.arch));
}

const Firmware* uefi_firmware(const Machine& machine, const Host& host, Diagnostics& found) {
    const GuestArch* arch = find_guest_arch(guest_arch(machine, host));
    const QemuFacts* facts = arch ? find_qemu(machine, host, *arch, found) : nullptr;
    if (!facts)
        return nullptr;
    Plan plan;
    QemuCommand qemu;
    std::vector<std::string> machine_options, reasons, kernel_words;
    const Errand errand;
    Planning planning{machine, errand, host, *facts, *arch, false, plan, qemu, machine_options, reasons, kernel_words, found};
    return choose_firmware(planning, "boot.firmware");
}

Plan make_plan(const Machine& said, const Host& host, Diagnostics& found, const Errand& errand) {
    Plan plan;
    const std::optional<Machine> named = with_named_image(said, host, found);
    if (said.image.by_name && host.images.contains(said.name) && !named)
        return plan;  // the problem is among those found
    const Machine& machine = named ? *named : said;
    plan.machine = machine.name;
    plan.directory = machine.directory.string();
    plan.home = machine.home.string();
    if (errand.time_limit_us)
        plan.time_limit = std::chrono::microseconds(*errand.time_limit_us);
    const GuestArch* arch = find_guest_arch(guest_arch(machine, host));
    if (!arch) {
        found.add(error(fmt::format("vmspawn has no guests for this host's architecture, {}", host.arch), machine.origin_of("arch"))
                      .with_error(EOPNOTSUPP));
        return plan;
    }
    const bool answered = all_answered(machine, host, found);
    const QemuFacts* facts = find_qemu(machine, host, *arch, found);
    if (!answered || !facts)
        return plan;

    QemuCommand qemu;
    std::vector<std::string> machine_options, reasons, kernel_words;
    Planning planning{machine, errand, host, *facts, *arch, false, plan, qemu, machine_options, reasons, kernel_words, found};
    for (const Contributor contribute : contributors)
        contribute(planning);
    add_qemu(planning);
    return plan;
}

}  // namespace vmspawn
