// By passt, a helper that QEMU reaches by a pair of sockets, or by QEMU itself. Both give the guest the same addresses.
#include "plan/user_network.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <optional>
#include <vector>

namespace vmspawn {

namespace {

/// The spelling of one side of a forward: "8080", "8000-8010".
std::string ports(std::uint16_t first, std::uint16_t count) {
    return to_string(CheckPorts{.bind = "", .first = first, .count = count});
}

/// The day of a version such as "0.0~git20250503.587980c-2" or "2025_05_03.587980c", as one number; 0: it names none.
unsigned day_of(std::string_view version) {
    for (std::size_t at = version.find("20"); at != std::string_view::npos; at = version.find("20", at + 1)) {
        std::string digits;
        for (std::size_t i = at; i < version.size() && digits.size() < 8; ++i)
            if (version[i] >= '0' && version[i] <= '9')
                digits += version[i];
            else if (version[i] != '_')
                break;
        if (digits.size() == 8)
            return static_cast<unsigned>(std::stoul(digits));
    }
    return 0;
}

/// Those before leave a connection hanging on which the guest is to speak first. Debian 12's does not know what it is; Debian 13's, which
/// is good, says nothing.
bool is_too_old(const std::string& version) {
    constexpr unsigned good = 20250503;
    return version == "unknown version" || (day_of(version) != 0 && day_of(version) < good);
}

constexpr const char* fault_of_old = "this passt lets connections hang on which the guest speaks first (mended by 2025-05-03)";

class UserNetworkPlan {
public:
    UserNetworkPlan(Planning& p, const Network& network, std::string id, std::size_t number)
        : p_(p), network_(network), id_(std::move(id)), third_(number + 2), number_(number) {}

    void plan() {
        if (!choose_backend())
            return;
        add_ports();
        by_passt_ ? add_passt() : p_.qemu.option("-netdev", qemu_words());
    }

private:
    Planning& p_;
    const Network& network_;
    const std::string id_;
    const std::size_t third_;  ///< byte of the guest's addresses: 10.0.2.15
    const std::size_t number_;
    bool by_passt_ = false;
    std::vector<ResourceId> picked_;  ///< by forward; empty: its port is given

    [[nodiscard]] std::string key(std::string_view leaf) const { return entry_key("network", network_.name, leaf); }
    [[nodiscard]] std::string forward_key(std::size_t index) const { return element_key(key("forward"), index); }
    [[nodiscard]] std::string passt() const { return p_.host.program("passt"); }

    /// Why an automatic backend is QEMU; empty: it is passt.
    [[nodiscard]] std::string objection() const {
        if (passt().empty())
            return "passt is not installed";
        return is_old() && !obstacle_for_qemu() ? fault_of_old : "";
    }
    [[nodiscard]] bool is_old() const {
        const auto version = p_.host.programs.find("passt --version");
        return version != p_.host.programs.end() && is_too_old(version->second);
    }

    /// False after a problem was added.
    bool choose_backend() {
        const bool is_automatic = network_.backend == NetworkBackend::automatic;
        const std::string why_not = is_automatic ? objection() : "";
        by_passt_ = network_.backend != NetworkBackend::qemu && !passt().empty() && why_not.empty();
        if (by_passt_)
            return true;
        if (network_.backend == NetworkBackend::passt) {
            p_.found.add(error(fmt::format("{} = \"passt\": passt is not installed", key("backend")), p_.origin(key("backend")))
                             .with_hint("apt install passt")
                             .with_error(EOPNOTSUPP));
            return false;
        }
        if (is_automatic)
            p_.reason(fmt::format("network {} by QEMU itself because {} and {} = auto", network_.name, why_not, key("backend")));
        const std::optional<Diagnostic> problem = obstacle_for_qemu();
        if (problem)
            p_.found.add(*problem);
        return !problem;
    }

    /// What QEMU's own network cannot do of this one.
    [[nodiscard]] std::optional<Diagnostic> obstacle_for_qemu() const {
        if (!p_.has("netdev/user"))
            return error(fmt::format("{} = \"user\": QEMU {} was built without a network of its own", key("kind"), p_.qemu_facts.version),
                         p_.origin(key("kind")))
                .with_hint(passt().empty() ? "apt install passt" : "passt can carry it")
                .with_error(EOPNOTSUPP);
        constexpr std::size_t most = 1024;  // each is a part of one word of the command line
        std::size_t all = 0;
        for (std::size_t i = 0; i < network_.forwards.size(); ++i) {
            const Forward& forward = network_.forwards[i];
            all += forward.count;
            if (forward.bind.find(':') != std::string::npos)
                return error(fmt::format("{}: QEMU's user network forwards from IPv4 addresses only", forward_key(i)),
                             p_.origin(forward_key(i)))
                    .with_hint("bind 127.0.0.1 or 0.0.0.0; or let passt carry the network")
                    .with_error(EOPNOTSUPP);
            if (all > most)
                return error(fmt::format("{}: more than {} ports are too many for QEMU's user network", forward_key(i), most),
                             p_.origin(forward_key(i)))
                    .with_hint("passt can carry it")
                    .with_error(EOPNOTSUPP);
        }
        return std::nullopt;
    }

    void add_ports() {
        for (std::size_t i = 0; i < network_.forwards.size(); ++i) {
            const Forward& forward = network_.forwards[i];
            const ResourceId id = fmt::format("net.{}.forward{}", network_.name, i);
            Resource resource{.id = id, .up = PickPort{forward.bind, forward.udp}, .because = p_.origin(forward_key(i))};
            resource.because_key = forward_key(i);
            picked_.push_back(forward.host == 0 ? id : "");
            if (forward.host == 0)
                resource.announce = announcement(forward, id);
            else
                resource.up = CheckPorts{.bind = forward.bind, .udp = forward.udp, .first = forward.host, .count = forward.count};
            p_.add(std::move(resource));
        }
    }

    /// The user learns it when the machine is up.
    [[nodiscard]] Word announcement(const Forward& forward, const ResourceId& id) const {
        const bool is_ipv6 = forward.bind.find(':') != std::string::npos;
        Word said(fmt::format("forward {}{}: {}{}{}:", network_.name, forward.udp ? "/udp" : "", is_ipv6 ? "[" : "", forward.bind,
                              is_ipv6 ? "]" : ""));
        said += Late{id, Late::What::port};
        said += fmt::format(" -> guest {}", forward.guest);
        return said;
    }

    void add_host_port(Word& word, std::size_t forward, std::uint16_t port) const {
        if (picked_[forward].empty())
            word += std::to_string(port);
        else
            word += Late{picked_[forward], Late::What::port};
    }

    [[nodiscard]] Word qemu_words() const {
        Word netdev("user,id=" + id_);
        if (number_ > 0)
            netdev += fmt::format(",net=10.0.{}.0/24,ipv6-prefix=fec0:0:0:{:x}::", third_, number_);
        for (std::size_t i = 0; i < network_.forwards.size(); ++i) {
            const Forward& forward = network_.forwards[i];
            for (std::uint32_t n = 0; n < forward.count; ++n) {
                netdev += fmt::format(",hostfwd={}:{}:", forward.udp ? "udp" : "tcp", escape_qemu_value(forward.bind));
                add_host_port(netdev, i, static_cast<std::uint16_t>(forward.host + n));
                netdev += fmt::format("-:{}", forward.guest + n);
            }
        }
        return netdev;
    }

    void add_forwards(Spawn& spawn, bool udp) const {
        const std::string option = udp ? "--udp-ports" : "--tcp-ports";
        bool any = false;
        for (std::size_t i = 0; i < network_.forwards.size(); ++i) {
            const Forward& forward = network_.forwards[i];
            if (forward.udp != udp)
                continue;
            any = true;
            Word word(forward.bind + "/");
            if (picked_[i].empty())
                word += ports(forward.host, forward.count);
            else
                word += Late{picked_[i], Late::What::port};
            word += ":" + ports(forward.guest, forward.count);
            spawn.arguments.emplace_back(option);
            spawn.arguments.push_back(std::move(word));
        }
        if (!any) {
            spawn.arguments.emplace_back(option);
            spawn.arguments.emplace_back("none");
        }
    }

    /// What QEMU's own network gives, too: passt would give the guest the host's.
    void add_addresses(Spawn& spawn) const {
        const std::string net = fmt::format("10.0.{}", third_);
        std::vector<std::string> words{"--address", net + ".15", "--netmask", "255.255.255.0", "--gateway", net + ".2"};
        if (p_.host.routes.contains("ipv6"))
            words.insert(words.end(),
                         {"--address", fmt::format("fec0:0:0:{:x}::15", number_), "--gateway", fmt::format("fec0:0:0:{:x}::2", number_)});
        else  // it wants an interface to copy from, and ends where none leads out
            words.insert(words.end(), {"--interface", "lo"});
        words.insert(words.end(), {"--mac-addr", fmt::format("52:55:0a:00:{:02x}:02", third_)});
        for (std::string& word : words)
            spawn.arguments.emplace_back(std::move(word));
    }

    void add_passt() {
        const std::string base = fmt::format("net.{}", network_.name);
        const ResourceId socket = base + ".socket";
        const bool is_automatic = network_.backend == NetworkBackend::automatic;
        const std::string because_key = key(is_automatic ? "kind" : "backend");
        p_.add({.id = socket, .up = MakePair{"--socket="}, .because = p_.origin(because_key), .because_key = because_key});

        Spawn spawn{.program = passt(), .arguments = {"--foreground", "--quiet"}, .death_signal = SIGKILL};
        if (p_.host.uid == 0)  // it would do so, and complain
            spawn.arguments.insert(spawn.arguments.end(), {"--runas", "nobody"});
        add_addresses(spawn);
        add_forwards(spawn, false);
        add_forwards(spawn, true);
        spawn.arguments.push_back(Word("--fd=") += Late{socket, Late::What::fd});
        Resource resource{.id = base + ".passt", .needs = {socket}, .up = std::move(spawn), .because = p_.origin(because_key)};
        resource.because_key = because_key;
        for (const ResourceId& port : picked_)
            if (!port.empty())
                resource.needs.insert(resource.needs.end() - 1, port);

        QemuCommand words;
        words.option("-netdev", (Word() += Late{socket, Late::What::netdev}) += ",id=" + id_);
        if (is_automatic)
            resource.reasons.push_back(fmt::format("by passt because it is installed and {} = auto", key("backend")));
        if (is_old())
            p_.plan.notices.push_back(fmt::format("network {}: {}", network_.name, fault_of_old));
        if (!obstacle_for_qemu())
            resource.instead = {"-netdev", qemu_words()};
        if (is_automatic && !resource.instead.empty()) {
            resource.on_failure = OnFailure::drop_words;
            resource.without = "QEMU starts once more, and carries the network itself";
        }
        p_.qemu.append_optional(words, resource.id);
        p_.add(std::move(resource));
    }
};

}  // namespace

void add_user_network(Planning& p, const Network& network, const std::string& id, std::size_t number) {
    UserNetworkPlan(p, network, id, number).plan();
}

}  // namespace vmspawn
