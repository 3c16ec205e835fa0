// What every machine has: memory, processors, identity, randomness, and a confined QEMU.
#include "plan/own_words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace vmspawn {

namespace {

constexpr Bytes mebibyte = Bytes{1} << 20;

std::string mebibytes(Bytes bytes) {
    return fmt::format("{}M", bytes / mebibyte + (bytes % mebibyte != 0));
}

std::string memory(const Memory& memory) {
    if (!memory.max)
        return mebibytes(memory.size);
    return fmt::format("size={},maxmem={},slots={}", mebibytes(memory.size), mebibytes(*memory.max), memory.slots.value_or(1));
}

std::string dashed(const std::array<std::uint8_t, 16>& uuid) {
    std::string text;
    for (std::size_t i = 0; i < uuid.size(); ++i)
        text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", uuid[i]);
    return text;
}

/// Words for QEMU may bring a device that hangs on one of these controllers.
bool has_own_words(const Planning& p) {
    return !p.machine.qemu.extra.empty() || p.host.environment.contains("SYSTEMD_VMSPAWN_QEMU_EXTRA");
}

void leave_out_legacy(Planning& p) {
    if (p.arch.name != "x86_64" || p.machine.qemu.legacy_devices || has_own_words(p) || !p.has("sata") || !p.has("i8042"))
        return;
    p.machine_options.emplace_back("sata=off,i8042=off");
    p.reason("no SATA and no keyboard controller because nothing in the definition uses them and qemu.legacy-devices = false");
}

void add_machine_options(Planning& p) {
    if (p.arch.hpet && p.has("hpet"))
        p.machine_options.emplace_back("hpet=off");
    const bool smm = p.firmware && p.firmware->has("requires-smm");
    if (p.arch.smm)
        p.machine_options.emplace_back(smm ? "smm=on" : "smm=off");
    if (p.arch.smm)
        p.reason(smm ? "smm = on because this firmware protects its variables with it" : "smm = off because only secure boot needs it");
    leave_out_legacy(p);
    constexpr std::uint32_t most_with_gic2 = 8;
    if (p.arch.name == "aarch64" && p.machine.cpus > most_with_gic2) {
        p.machine_options.emplace_back("gic-version=max");
        p.reason("gic-version = max because the usual interrupt controller ends at 8 cpus");
    }
}

void add_sandbox(Planning& p) {
    if (!p.has("sandbox"))
        return p.reason(fmt::format("QEMU runs without its sandbox because QEMU {} was built without it", p.qemu_facts.version));
    const OwnProgram own = own_program(p);
    if (own.kind == OwnProgram::Kind::privileged)  // a sandbox holds for all that QEMU starts, and the kernel lets none of them rise
        return p.reason(
            fmt::format("QEMU runs without its sandbox because a program that it starts for \"{}\" needs privileges", own.word));
    std::string_view spawn = "deny";
    if (p.machine.console.mode == ConsoleMode::gui) {
        spawn = "allow";
        p.reason("QEMU may start programs because the toolkit of its window does");
    } else if (own.kind == OwnProgram::Kind::plain) {
        spawn = "allow";
        p.reason(fmt::format("QEMU may start programs because \"{}\" has it start one", own.word));
    }
    p.qemu.option("-sandbox", fmt::format("on,obsolete=deny,elevateprivileges=deny,spawn={},resourcecontrol=deny", spawn));
}

void add_devices(Planning& p) {
    // rng-builtin asks the kernel; rng-random would need a path.
    p.qemu.object({{"qom-type", "rng-builtin"}, {"id", "rng0"}});
    p.qemu.device({{"driver", "virtio-rng-pci"}, {"id", "rng-device0"}, {"rng", "rng0"}});
    if (p.machine.boot.confidential == Confidential::no)  // else the host can use none of the pages that come back
        p.qemu.device({{"driver", "virtio-balloon-pci"}, {"id", "balloon0"}, {"free-page-reporting", true}});
    if (p.arch.vmgenid && p.has("device/vmgenid"))  // "auto": QEMU draws a new one at each start
        p.qemu.device({{"driver", "vmgenid"}, {"id", "vmgenid0"}, {"guid", "auto"}});
    if (p.has("device/" + std::string(p.arch.panic_device)))
        p.qemu.device({{"driver", p.arch.panic_device}, {"id", "panic0"}});
    else
        p.reason(fmt::format("a guest's panic goes unseen because this QEMU has no {} device", p.arch.panic_device));
}

}  // namespace

void share_memory(Planning& p) {
    constexpr const char* option = "memory-backend=memory";
    if (std::ranges::find(p.machine_options, option) != p.machine_options.end())
        return;
    const Bytes size = (p.machine.memory.size + mebibyte - 1) / mebibyte * mebibyte;  // as -m has it
    p.qemu.object({{"qom-type", "memory-backend-memfd"}, {"id", "memory"}, {"size", size}, {"share", true}});
    p.machine_options.emplace_back(option);
}

void plan_basics(Planning& p) {
    p.plan.stop.silent_power_off = p.arch.name == "riscv64";
    add_machine_options(p);
    Word name("guest=");
    if (p.name_is_drawn())
        name += Late{"runtime-dir", Late::What::name};
    else
        name += escape_qemu_value(p.machine.name);
    p.qemu.option("-name", std::move(name));
    if (p.machine.uuid)
        p.qemu.option("-uuid", dashed(*p.machine.uuid));
    p.qemu.option("-smp", std::to_string(p.machine.cpus));
    p.qemu.option("-m", memory(p.machine.memory));
    add_sandbox(p);
    add_devices(p);
}

void plan_qmp(Planning& p) {
    p.add({.id = p.plan.qmp, .up = MakeQmpSocket{}});
    Word chardev("socket,id=qmp,");
    chardev += Late{p.plan.qmp, Late::What::chardev};
    p.qemu.option("-chardev", std::move(chardev));
    p.qemu.option("-mon", "chardev=qmp,mode=control");
}

}  // namespace vmspawn
