// KVM or TCG, and the CPU that follows from it.
#include "base/passed.hpp"
#include "plan/contributors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vmspawn {

namespace {

constexpr const char* takes_descriptor = "kvm-accel-device";

/// Why KVM cannot serve this guest; empty reason: it can.
struct Obstacle {
    std::string reason;
    std::string fix;
};

Obstacle obstacle(const Planning& p) {
    if (p.arch.name != p.host.arch)
        return {fmt::format("the guest is {} and this host {}", p.arch.name, p.host.arch), "KVM runs the host's own architecture only"};
    const bool passed = p.host.passed_kvm && p.has(takes_descriptor);
    const Kvm& kvm = passed ? *p.host.passed_kvm : p.host.kvm;
    if (kvm.usable)
        return {};
    if (p.host.passed_kvm && !passed)
        return {fmt::format("{}, and QEMU {} takes no descriptor for it", kvm.reason, p.qemu_facts.version), kvm.fix};
    return {kvm.reason, kvm.fix};
}

bool may_use_kvm(Planning& p) {
    if (p.machine.kvm == Want::no) {
        p.reason("accel = tcg because kvm = false");
        return false;
    }
    const Obstacle found = obstacle(p);
    if (found.reason.empty()) {
        p.reason(p.machine.kvm == Want::yes ? "accel = kvm because kvm = true" : "accel = kvm because this host has it and kvm = auto");
        return true;
    }
    if (p.machine.kvm == Want::yes) {
        p.found.add(
            error("kvm = true, but KVM cannot be used: " + found.reason, p.origin("kvm")).with_hint(found.fix).with_error(EOPNOTSUPP));
        return false;
    }
    p.reason(fmt::format("accel = tcg because {} and kvm = auto", found.reason));
    p.plan.notices.push_back(fmt::format("KVM is not used: {}{}{}", found.reason, found.fix.empty() ? "" : "; ", found.fix));
    return false;
}

void add_kvm(Planning& p) {
    if (!p.has(takes_descriptor)) {
        p.reason(fmt::format("QEMU opens /dev/kvm itself because QEMU {} takes no descriptor for it", p.qemu_facts.version));
        p.qemu.option("-accel", "kvm");
        return;
    }
    const Action device = p.host.passed_kvm ? Action(TakePassed{passed_name::kvm}) : OpenFile{.path = "/dev/kvm", .writable = true};
    p.add({.id = "kvm", .up = device, .because = p.origin("kvm"), .because_key = "kvm"});
    p.qemu.option("-accel", "kvm,device=" + p.qemu.fdset("kvm"));
}

int major_version(std::string_view version) {
    int number = 0;
    std::from_chars(version.data(), version.data() + version.size(), number);
    return number;
}

std::string cpu(Planning& p) {
    if (p.machine.qemu.cpu)
        return *p.machine.qemu.cpu;
    if (p.machine.boot.confidential == Confidential::sev_snp)
        return "EPYC-v4";
    if (p.machine.boot.confidential == Confidential::tdx)
        return "host";
    if (p.arch.name == "riscv64" && p.kvm)
        return "host";
    if (p.arch.name == "riscv64" && major_version(p.qemu_facts.version) < 9)
        return "rv64";  // "max" came to riscv64 in QEMU 8.2
    // Emulated pointer authentication by the book makes every function call dear.
    if (p.arch.name == "aarch64" && !p.kvm)
        return "max,pauth-impdef=on";
    if (p.arch.name != "x86_64")
        return "max";
    // The three Hyper-V hints make timers cheaper under KVM; TCG knows none of them.
    if (p.kvm)
        return "max,hv_relaxed,hv-vapic,hv-time";
    // With "erms" a kernel copies and clears by single bytes, which TCG does one after the other; kernels hang that find "fsrm" without it.
    // "la57" is a fifth level of page tables.
    p.reason("the processor has no erms, fsrm and la57 because they only make an emulated guest slower; qemu.cpu = \"max\" has them");
    return "max,erms=off,fsrm=off,la57=off";
}

}  // namespace

void plan_accelerator(Planning& p) {
    p.kvm = may_use_kvm(p);
    if (p.host.passed_kvm && !(p.kvm && p.has(takes_descriptor)))
        p.plan.notices.emplace_back(p.kvm ? "the passed descriptor kvm is closed: this QEMU opens /dev/kvm by itself"
                                          : "the passed descriptor kvm is closed: the guest is emulated");
    if (p.kvm)
        add_kvm(p);
    else
        p.qemu.option("-accel", "tcg");
    p.qemu.option("-cpu", cpu(p));
}

}  // namespace vmspawn
