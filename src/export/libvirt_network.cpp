// Network interfaces.
#include "base/interface_name.hpp"
#include "export/libvirt.hpp"
#include "export/texts.hpp"

#include <utility>

namespace vmspawn {

namespace {

/// libvirt forwards ports through passt only.
bool has_passt(const Network& network) {
    return network.backend == NetworkBackend::passt || (network.backend == NetworkBackend::automatic && !network.forwards.empty());
}

void add_forward(Domain& d, pugi::xml_node card, const Forward& forward, const std::string& key) {
    if (forward.host == 0)
        return d.ledger.lost(key, "libvirt picks no free port");
    pugi::xml_node node = append(card, "portForward", {{"proto", forward.udp ? "udp" : "tcp"}, {"address", forward.bind}});
    append(node, "range",
           {{"start", std::to_string(forward.host)},
            {"end", forward.count > 1 ? std::to_string(forward.host + forward.count - 1) : ""},
            {"to", forward.host != forward.guest ? std::to_string(forward.guest) : ""}});
}

void add_user(Domain& d, const Network& network, pugi::xml_node card) {
    const std::string list = entry_key("network", network.name, "forward");
    if (has_passt(network))
        append(card, "backend", {{"type", "passt"}});
    else
        d.ledger.lost(list, "libvirt forwards ports with the backend passt only");
    if (has_passt(network))
        for (std::size_t i = 0; i < network.forwards.size(); ++i)
            add_forward(d, card, network.forwards[i], element_key(list, i));
    d.ledger.kept(list);
    d.ledger.settle(entry_key("network", network.name, "backend"), network.backend != NetworkBackend::automatic,
                    "libvirt has no auto: it is passt for an interface with forwards, else QEMU");
}

/// "vt-" and so on as vmspawn names it, so that the host's systemd-networkd gives it its addresses.
void add_tap(Domain& d, const Network& network, pugi::xml_node card, bool first) {
    const std::string machine = d.machine.name + (first ? "" : "-" + network.name);
    append(card, "target", {{"dev", d.text(entry_key("network", network.name), tap_name(machine))}, {"managed", "yes"}});
    d.ledger.lost(entry_key("network", network.name, "backend"), "a tap has no backend");
    d.ledger.lost(entry_key("network", network.name, "forward"), "a tap forwards no ports");
}

}  // namespace

void add_networks(Domain& d) {
    bool first_tap = true;
    for (const Network& network : d.machine.networks) {
        const bool is_tap = network.kind == NetworkKind::tap;
        pugi::xml_node card = append(d.devices, "interface", {{"type", is_tap ? "ethernet" : "user"}});
        if (network.mac)
            append(card, "mac", {{"address", colons(*network.mac)}});
        if (is_tap)
            add_tap(d, network, card, std::exchange(first_tap, false));
        else
            add_user(d, network, card);
        append(card, "model", {{"type", "virtio"}});
        d.ledger.kept(entry_key("network", network.name));
        d.ledger.kept(entry_key("network", network.name, "kind"));
        d.ledger.kept(entry_key("network", network.name, "mac"));
    }
}

}  // namespace vmspawn
