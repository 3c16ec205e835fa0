// Rules about the TPM, vsock, networks, mounts and the console.
#include "base/text.hpp"
#include "model/rule_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace vmspawn::check {

void tpm_state_needs_tpm(const Machine& m, Diagnostics& found) {
    if (m.tpm.enabled == Want::no && m.tpm.state.kind != StateKind::off && m.said("tpm.state"))
        found.add(conflict(m, "tpm.state", "tpm.state needs a TPM", "tpm.enabled is off", "tpm.enabled"));
}

void tpm_needs_arch(const Machine& m, Diagnostics& found) {
    if (m.tpm.enabled == Want::yes && m.arch == Arch::riscv64)
        found.add(conflict(m, "tpm.enabled", "a riscv64 guest can have no TPM", "x86_64 and aarch64 guests can", "arch"));
}

void vsock_settings_need_vsock(const Machine& m, Diagnostics& found) {
    if (m.vsock.enabled != Want::no)
        return;
    if (m.vsock.cid)
        found.add(conflict(m, "vsock.cid", "vsock.cid needs vsock", "vsock.enabled is off", "vsock.enabled"));
    if (m.vsock.backend != VsockBackend::automatic)
        found.add(conflict(m, "vsock.backend", "vsock.backend needs vsock", "vsock.enabled is off", "vsock.enabled"));
}

void forward_needs_user_network(const Machine& m, Diagnostics& found) {
    for (const Network& network : m.networks)
        if (network.kind != NetworkKind::user && !network.forwards.empty())
            found.add(conflict(m, entry_key("network", network.name, "forward"),
                               fmt::format("network '{}' forwards ports, but is of kind {}", network.name, to_word(network.kind)),
                               "only a user network forwards ports; a tap is reached directly",
                               entry_key("network", network.name, "kind")));
}

void backend_needs_user_network(const Machine& m, Diagnostics& found) {
    for (const Network& network : m.networks)
        if (network.kind != NetworkKind::user && network.backend != NetworkBackend::automatic)
            found.add(conflict(m, entry_key("network", network.name, "backend"),
                               fmt::format("network '{}' has a backend, but is of kind {}", network.name, to_word(network.kind)),
                               "only a user network has one", entry_key("network", network.name, "kind")));
}

namespace {

struct Listener {
    std::string key;
    Forward forward;
};

bool is_any(std::string_view bind) {
    return bind == "0.0.0.0" || bind == "::" || bind == "[::]";
}

/// Would the second bind() fail? An address for all is in the way of each other one of its family.
bool collide(const Forward& a, const Forward& b) {
    const bool same_family = (a.bind.find(':') == std::string::npos) == (b.bind.find(':') == std::string::npos);
    const bool same_bind = a.bind == b.bind || (same_family && (is_any(a.bind) || is_any(b.bind)));
    const bool overlap = a.host < b.host + b.count && b.host < a.host + a.count;
    return a.host != 0 && b.host != 0 && overlap && a.udp == b.udp && same_bind;
}

}  // namespace

void one_host_port_each(const Machine& m, Diagnostics& found) {
    std::vector<Listener> before;
    for (const Network& network : m.networks)
        for (std::size_t i = 0; i < network.forwards.size(); ++i) {
            Listener now{element_key(entry_key("network", network.name, "forward"), i), network.forwards[i]};
            const auto other = std::ranges::find_if(before, [&](const Listener& l) { return collide(l.forward, now.forward); });
            if (other != before.end())
                found.add(conflict(
                    m, now.key,
                    fmt::format("host port {} of {} is forwarded twice", std::max(now.forward.host, other->forward.host), now.forward.bind),
                    "give each forward its own host port, or 0 for any", other->key));
            before.push_back(std::move(now));
        }
}

void one_mac_each(const Machine& m, Diagnostics& found) {
    std::map<std::array<std::uint8_t, 6>, std::string> first;
    for (const Network& network : m.networks) {
        if (!network.mac)
            continue;
        const std::string key = entry_key("network", network.name, "mac");
        const auto [it, is_new] = first.try_emplace(*network.mac, key);
        if (!is_new)
            found.add(conflict(m, key, fmt::format("network '{}' has the hardware address of another one", network.name),
                               "each network needs its own", it->second));
    }
}

void mount_target_absolute(const Machine& m, Diagnostics& found) {
    for (const Mount& mount : m.mounts) {
        const Path target{mount.target};
        if (!target.is_absolute() || !target.lexically_normal().has_relative_path())
            found.add(conflict(m, entry_key("mount", mount.name, "target"),
                               fmt::format("mount '{}' has no usable target {}", mount.name, toml_quote(mount.target)),
                               "an absolute path of the guest, below /"));
    }
}

void one_mount_each_target(const Machine& m, Diagnostics& found) {
    std::map<Path, std::string> first;
    for (std::size_t i = 0; i < m.users.bind.size(); ++i)
        first.try_emplace(bound_home(m.users.bind[i]) + "/", element_key("users.bind", i));
    for (const Mount& mount : m.mounts) {
        const std::string key = entry_key("mount", mount.name, "target");
        const Path target = (Path{mount.target} / "").lexically_normal();
        const auto [it, is_new] = first.try_emplace(target, key);
        if (is_new)
            continue;
        const std::string other = it->second.starts_with("users.") ? "a bound user's home" : "another one";
        Diagnostic problem =
            conflict(m, key, fmt::format("mount '{}' has the target of {}, {}", mount.name, other, toml_quote(mount.target)),
                     "each mount needs its own place in the guest", it->second);
        problem.key = entry_key("mount", mount.name);  // a guest keeps the first of two
        found.add(std::move(problem));
    }
}

void transport_needs_console(const Machine& m, Diagnostics& found) {
    const bool without = m.console.mode == ConsoleMode::gui || m.console.mode == ConsoleMode::headless;
    if (without && m.said("console.transport"))
        found.add(conflict(m, "console.transport", fmt::format("console.transport has no effect on a {} console", to_word(m.console.mode)),
                           "there is no text console to carry", "console.mode"));
}

void background_needs_terminal(const Machine& m, Diagnostics& found) {
    const bool tinted = m.console.mode == ConsoleMode::interactive || m.console.mode == ConsoleMode::read_only;
    if (!tinted && m.console.background && !m.console.background->empty())
        found.add(conflict(m, "console.background",
                           fmt::format("console.background has no effect on a {} console", to_word(m.console.mode)),
                           "only interactive and read-only consoles are coloured", "console.mode"));
}

}  // namespace vmspawn::check
