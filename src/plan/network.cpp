// Network cards, each with what it is connected to.
#include "base/interface_name.hpp"
#include "base/text.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"
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

/// The host's side is networkd's (80-vm-vt.network): addresses, DHCP, the way out.
void add_tap(Planning& p, const Network& network, const std::string& id, bool first) {
    const std::string key = entry_key("network", network.name, "kind");
    const auto refuse = [&](const std::string& why, const std::string& hint) {
        p.found.add(error(fmt::format("{} = \"tap\": {}", key, why), p.origin(key)).with_hint(hint).with_error(EOPNOTSUPP));
    };
    if (p.host.uid != 0)
        return refuse("only root may make a network interface", "kind = \"user\" needs no privilege");
    if (p.host.files.at("/dev/net/tun").type == FileAnswer::Type::missing)
        return refuse("/dev/net/tun does not exist", "modprobe tun");
    Word machine = p.machine.name;
    if (p.name_is_drawn())
        machine = Word() += Late{"runtime-dir", Late::What::name};
    const std::string suffix = first ? "" : "-" + network.name;
    machine += suffix;
    const ResourceId tap = fmt::format("net.{}", network.name);
    p.add({.id = tap,
           .needs = {"runtime-dir"},
           .up = MakeTap{std::move(machine)},
           .because = p.origin(key),
           .because_key = key,
           .announce = p.name_is_drawn() ? std::nullopt
                                         : std::optional<Word>(fmt::format("network {}: interface {} of this host", network.name,
                                                                           tap_name(p.machine.name + suffix)))});
    Word netdev(fmt::format("tap,id={},fd=", id));
    netdev += Late{tap, Late::What::fd};
    p.qemu.option("-netdev", std::move(netdev));
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
