// Network cards, each with what it is connected to.
#include "base/interface_name.hpp"
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/services.hpp"
#include "plan/sha256.hpp"
#include "plan/user_network.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstdio>
#include <utility>

namespace vmspawn {

namespace {

using Mac = std::array<std::uint8_t, 6>;

/// The same for a name on a host, different for another name or host.
Mac predictable_mac(const Planning& p, const Network& network) {
    const std::string nul(1, '\0');  // stands in no name, so no two inputs join to the same text
    const auto digest = sha256("vmspawn mac" + nul + p.host.seed + nul + p.machine.name + nul + network.name);
    Mac mac{};
    std::copy_n(digest.begin(), mac.size(), mac.begin());
    mac[0] = static_cast<std::uint8_t>((mac[0] & 0xfe) | 0x02);  // one station, locally administered
    return mac;
}

std::string to_text(const Mac& mac) {
    return fmt::format("{:02x}", fmt::join(mac, ":"));
}

/// As systemd-vmspawn: a tap's address may come from the environment, below what a definition says.
std::optional<Mac> mac_of_environment(Planning& p, const Network& network) {
    constexpr const char* variable = "SYSTEMD_VMSPAWN_NETWORK_MAC";
    const auto said = p.host.environment.find(variable);
    if (network.kind != NetworkKind::tap || said == p.host.environment.end() || said->second.empty())
        return std::nullopt;
    Mac mac{};
    int end = 0;
    std::sscanf(said->second.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4], &mac[5], &end);
    const bool is_multicast = (mac[0] & 1) != 0;
    if (end == 17 && said->second.size() == 17 && !is_multicast && mac != Mac{})
        return mac;
    p.found.add(error(fmt::format("${} = \"{}\" is not a hardware address", variable, printable(said->second)), FromHost{variable})
                    .with_hint("expected six pairs of hexadecimal digits such as 52:54:00:12:34:56, neither multicast nor zero"));
    return std::nullopt;
}

Mac mac_of(Planning& p, const Network& network) {
    if (network.mac)
        return *network.mac;
    const std::optional<Mac> said = mac_of_environment(p, network);
    return said ? *said : predictable_mac(p, network);
}

/// Why the host can have no tap of ours, and what would help; an empty reason: it can.
std::pair<std::string, std::string> tap_problem(const Planning& p) {
    const std::string socket = services_of(false).nsresourced;
    if (!p.host.net_admin && !is_there(p.host, socket))
        return {fmt::format(
                    "{}, and systemd-nsresourced, which makes them for others, does not run ({} is missing)",
                    p.host.uid == 0 ? "this root may make no network interfaces (CAP_NET_ADMIN)" : "only root may make network interfaces",
                    socket),
                "kind = \"user\" needs no privilege; systemd 259 and newer: apt install systemd-container, "
                "systemctl enable --now systemd-nsresourced.socket"};
    if (p.host.net_admin && p.host.files.at("/dev/net/tun").type == FileAnswer::Type::missing)
        return {"/dev/net/tun does not exist", "modprobe tun"};
    return {};
}

/// The host's side is networkd's (80-vm-vt.network, 80-namespace-ns-tun.network): addresses, DHCP, the way out.
void add_tap(Planning& p, const Network& network, const std::string& id, bool first) {
    const std::string key = entry_key("network", network.name, "kind");
    if (const auto [why, hint] = tap_problem(p); !why.empty()) {
        p.found.add(error(fmt::format("{} = \"tap\": {}", key, why), p.origin(key)).with_hint(hint).with_error(EOPNOTSUPP));
        return;
    }
    Word machine = p.machine.name;
    if (p.name_is_drawn())
        machine = Word() += Late{"runtime-dir", Late::What::name};
    const std::string suffix = first ? "" : "-" + network.name;
    machine += suffix;
    Resource tap{.id = fmt::format("net.{}", network.name), .needs = {"runtime-dir"}, .because = p.origin(key), .because_key = key};
    if (p.host.net_admin) {
        tap.up = MakeTap{std::move(machine)};
        tap.reasons = {fmt::format("vmspawn makes it because {}", p.host.uid == 0 ? "uid = 0" : "it has CAP_NET_ADMIN")};
        if (!p.name_is_drawn())
            tap.announce = fmt::format("network {}: interface {} of this host", network.name, tap_name(p.machine.name + suffix));
    } else {
        tap.up = AskForTap{.socket = services_of(false).nsresourced, .machine = std::move(machine)};
        tap.ready = Readiness::answered;
        tap.reasons = {fmt::format("systemd-nsresourced makes it, and names it ns-…, because uid {} has no CAP_NET_ADMIN", p.host.uid)};
        Word said(fmt::format("network {}: interface ", network.name));
        tap.announce = (said += Late{tap.id, Late::What::name}) += " of this host";
    }
    Word netdev(fmt::format("tap,id={},fd=", id));
    netdev += Late{tap.id, Late::What::fd};
    p.qemu.option("-netdev", std::move(netdev));
    p.add(std::move(tap));
}

}  // namespace

void plan_network(Planning& p) {
    std::size_t index = 0;
    std::size_t user_networks = 0;
    bool has_tap = false;
    for (const Network& network : p.machine.networks) {
        const std::string id = qemu_id("net", network.name, index++);
        switch (network.kind) {
            case NetworkKind::user:
                add_user_network(p, network, id, user_networks++);
                break;
            case NetworkKind::tap:
                add_tap(p, network, id, !std::exchange(has_tap, true));
                break;
        }
        p.qemu.device({{"driver", "virtio-net-pci"},
                       {"id", id + "-nic"},
                       {"netdev", id},
                       {"mac", to_text(mac_of(p, network))},
                       {"romfile", ""}});  // no network boot
    }
}

}  // namespace vmspawn
