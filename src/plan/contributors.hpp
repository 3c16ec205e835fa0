// One declaration per feature. A contributor reads the machine and the host, adds resources, QEMU words and reasons, and finds problems.
#pragma once

#include "base/diagnostic.hpp"
#include "host/host.hpp"
#include "model/machine.hpp"
#include "plan/plan.hpp"
#include "plan/qemu_command.hpp"

#include <set>
#include <string>
#include <vector>

namespace vmspawn {

struct Planning {
    const Machine& machine;
    const Host& host;
    const QemuFacts& qemu_facts;
    std::string arch;  ///< of the guest
    bool kvm = false;  ///< decided by plan_accelerator, which runs first
    Plan& plan;
    QemuCommand& qemu;
    std::vector<std::string>& qemu_reasons;  ///< become the reasons of the resource "qemu"
    std::vector<std::string>& kernel_words;  ///< collected in the order of reference C.3
    Diagnostics& found;

    void add(Resource resource) { plan.resources.push_back(std::move(resource)); }
    [[nodiscard]] bool has(std::string_view feature) const { return qemu_facts.features.contains(std::string(feature)); }
};

void plan_runtime_directory(Planning&);
void plan_accelerator(Planning&);  ///< -accel, -cpu
void plan_basics(Planning&);       ///< machine type, memory, cpus, uuid, rng, balloon, vmgenid, pvpanic, sandbox
void plan_console(Planning&);
void plan_storage(Planning&);
void plan_network(Planning&);
void plan_smbios(Planning&);       ///< type 11 strings and credentials
void plan_boot(Planning&);         ///< kernel, initrds, firmware; spends kernel_words
void plan_extra(Planning&);        ///< qemu.extra and SYSTEMD_VMSPAWN_QEMU_EXTRA

}  // namespace vmspawn
