// Guests whose memory the host cannot read (reference C.9.4).
#include "plan/contributors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

/// Why this host cannot run such a guest; empty: it can.
std::string obstacle_to(const Planning& p, const std::string& technology, const std::string& object) {
    if (p.arch.name != "x86_64")
        return fmt::format("the guest is {}", p.arch.name);
    if (!p.kvm)
        return p.host.kvm.usable ? "KVM is not used" : p.host.kvm.reason;
    if (!p.host.kvm.confidential.contains(technology))
        return fmt::format("the KVM of this host does not offer {}", technology);
    return p.has("object/" + object) ? "" : fmt::format("QEMU {} does not know it", p.qemu_facts.version);
}

nlohmann::ordered_json sev_snp() {
    // The place of the encryption bit, and the address bit that it costs, are the same in every processor with SEV-SNP.
    return {{"qom-type", "sev-snp-guest"}, {"id", "snp0"}, {"cbitpos", 51}, {"reduced-phys-bits", 1}, {"kernel-hashes", true}};
}

/// Quotes are signed by a service of the host, through its socket or else by vsock.
nlohmann::ordered_json tdx(const Planning& p) {
    constexpr const char* service = "/run/tdx-qgs/qgs.socket";
    const auto socket = p.host.files.find(service);
    const bool there = socket != p.host.files.end() && socket->second.type == FileAnswer::Type::socket;
    const nlohmann::ordered_json address = there ? nlohmann::ordered_json{{"type", "unix"}, {"path", service}}
                                                 : nlohmann::ordered_json{{"type", "vsock"}, {"cid", "2"}, {"port", "4050"}};
    return {{"qom-type", "tdx-guest"}, {"id", "tdx0"}, {"quote-generation-socket", address}};
}

}  // namespace

void plan_confidential(Planning& p) {
    const Confidential wanted = p.machine.boot.confidential;
    if (wanted == Confidential::no)
        return;
    const bool is_snp = wanted == Confidential::sev_snp;
    const std::string technology(to_word(wanted));
    if (const std::string obstacle = obstacle_to(p, technology, is_snp ? "sev-snp-guest" : "tdx-guest"); !obstacle.empty()) {
        p.found.add(error(fmt::format("boot.confidential = \"{}\" cannot be: {}", technology, obstacle), p.origin("boot.confidential"))
                        .with_hint(p.host.kvm.fix)
                        .with_error(EOPNOTSUPP));
        return;
    }
    p.qemu.object(is_snp ? sev_snp() : tdx(p));
    p.machine_options.emplace_back(is_snp ? "confidential-guest-support=snp0" : "confidential-guest-support=tdx0");
    p.machine_options.emplace_back("kernel-irqchip=split");
    p.reason(fmt::format("cpu, interrupt controller and firmware are what {} needs, and there is no balloon", technology));
}

}  // namespace vmspawn
