// Network cards, each with what it is connected to.
#include "base/hardware_address.hpp"
#include "base/interface_name.hpp"
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/services.hpp"
#include "plan/sha256.hpp"
#include "plan/user_network.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <utility>

namespace vmspawn {

namespace {

/// The same for a name on a host, different for another name or host.
Mac predictable_mac(const Planning& p, const Network& network) {
    const std::string nul(1, '\0');  // stands in no name, so no two inputs join to the same text
    const auto digest = sha256("vmspawn mac" + nul + p.host.seed + nul + p.machine.name + nul + network.name);
    Mac mac{};
    std::copy_n(digest.begin(), mac.size(), mac.begin());
    return local_mac(mac);
}

/// As systemd-vmspawn, which has one network: the address of the first tap may come from the environment.
std::optional<Mac> mac_of_environment(Planning& p) {
    constexpr const char* variable = "SYSTEMD_VMSPAWN_NETWORK_MAC";
    const auto said = p.host.environment.find(variable);
    if (said == p.host.environment.end() || said->second.empty())
        return std::nullopt;
    if (const std::optional<Mac> mac = parse_hardware_address(said->second))
        return mac;
    p.found.add(error(fmt::format("${} = \"{}\" is not a hardware address", variable, printable(said->second)), FromHost{variable})
                    .with_hint("expected six pairs of hexadecimal digits such as 52:54:00:12:34:56, neither multicast nor zero"));
    return std::nullopt;
}

/// What systemd-vmspawn gives it, so that who changes from one to the other keeps its leases.
std::optional<Mac> mac_of_first_tap(Planning& p) {
    if (const std::optional<Mac> said = mac_of_environment(p))
        return said;
    const auto& known = p.host.tap_macs;
    const auto found = known ? known->find(p.machine.name) : std::map<std::string, std::optional<Mac>>::const_iterator();
    return known && found != known->end() ? found->second : std::nullopt;
}

Mac mac_of(Planning& p, const Network& network, bool first_tap) {
    if (network.mac)
        return *network.mac;
    const std::optional<Mac> given = first_tap ? mac_of_first_tap(p) : std::nullopt;
    return given ? *given : predictable_mac(p, network);
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
    } else {
        tap.up = AskForTap{.socket = services_of(false).nsresourced, .machine = std::move(machine)};
        tap.ready = Readiness::answered;
        tap.reasons = {fmt::format("systemd-nsresourced makes it, and names it ns-…, because uid {} has no CAP_NET_ADMIN", p.host.uid)};
    }
    const std::string announced = fmt::format("network {}: interface ", network.name);
    if (p.host.net_admin && !p.name_is_drawn())
        tap.announce = Word(announced + tap_name(p.machine.name + suffix) + " of this host");
    else
        tap.announce = (Word(announced) += Late{tap.id, Late::What::name}) += " of this host";
    if (p.host.networkd == false)
        p.plan.notices.push_back(
            fmt::format("network {}: its interface has no addresses until somebody gives it some, because systemd-networkd "
                        "does not run on this host",
                        network.name));
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
        const bool first_tap = network.kind == NetworkKind::tap && !std::exchange(has_tap, true);
        const std::string id = qemu_id("net", network.name, index++);
        switch (network.kind) {
            case NetworkKind::user:
                add_user_network(p, network, id, user_networks++);
                break;
            case NetworkKind::tap:
                add_tap(p, network, id, first_tap);
                break;
        }
        p.qemu.device({{"driver", "virtio-net-pci"},
                       {"id", id + "-nic"},
                       {"netdev", id},
                       {"mac", print_mac(mac_of(p, network, first_tap))},
                       {"romfile", ""}});  // no network boot
    }
}

}  // namespace vmspawn
