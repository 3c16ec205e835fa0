// Network cards. User mode: QEMU's own small network stack, which needs no privilege.
#include "base/interface_name.hpp"
#include "plan/contributors.hpp"
#include "plan/files.hpp"
#include "plan/sha256.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <cerrno>
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

/// A port that QEMU is told only when it starts, and the user when the machine is up.
Late pick_port(Planning& p, const Network& network, std::size_t index, const Forward& forward, const std::string& key) {
    const ResourceId id = fmt::format("net.{}.forward{}", network.name, index);
    Word announce(fmt::format("forward {}{}: {}:", network.name, forward.udp ? "/udp" : "", forward.bind));
    announce += Late{id, Late::What::port};
    announce += fmt::format(" -> guest {}", forward.guest);
    p.add({.id = id,
           .up = PickPort{forward.bind, forward.udp},
           .because = p.origin(key),
           .because_key = key,
           .announce = std::move(announce)});
    return {id, Late::What::port};
}

void add_user_network(Planning& p, const Network& network, const std::string& id) {
    if (!p.has("netdev/user")) {
        const std::string key = entry_key("network", network.name, "kind");
        p.found.add(
            error(fmt::format("{} = \"user\": QEMU {} was built without a network of its own", key, p.qemu_facts.version), p.origin(key))
                .with_error(EOPNOTSUPP));
    }
    Word netdev("user,id=" + id);
    for (std::size_t i = 0; i < network.forwards.size(); ++i) {
        const Forward& forward = network.forwards[i];
        const std::string key = element_key(entry_key("network", network.name, "forward"), i);
        if (forward.bind.find(':') != std::string::npos)
            p.found.add(error(fmt::format("{}: QEMU's user network forwards from IPv4 addresses only", key), p.origin(key))
                            .with_hint("bind 127.0.0.1 or 0.0.0.0")
                            .with_error(EOPNOTSUPP));
        netdev += fmt::format(",hostfwd={}:{}:", forward.udp ? "udp" : "tcp", escape_qemu_value(forward.bind));
        if (forward.host != 0)
            netdev += std::to_string(forward.host);
        else
            netdev += pick_port(p, network, i, forward, key);
        netdev += fmt::format("-:{}", forward.guest);
    }
    p.qemu.option("-netdev", std::move(netdev));
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
    bool has_tap = false;
    for (const Network& network : p.machine.networks) {
        const std::string id = qemu_id("net", network.name, index++);
        switch (network.kind) {
            case NetworkKind::user:
                add_user_network(p, network, id);
                break;
            case NetworkKind::tap:
                add_tap(p, network, id, !std::exchange(has_tap, true));
                break;
        }
        p.qemu.device({{"driver", "virtio-net-pci"},
                       {"id", id + "-nic"},
                       {"netdev", id},
                       {"mac", to_text(network.mac.value_or(predictable_mac(p, network)))},
                       {"romfile", ""}});  // no network boot
    }
}

}  // namespace vmspawn
