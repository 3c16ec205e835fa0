#include "plan/print.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine with_forwards(std::vector<Forward> forwards, std::string name = "default") {
    Machine machine = direct_machine();
    Network network;
    network.name = std::move(name);
    network.forwards = std::move(forwards);
    machine.networks = {network};
    return machine;
}

std::string nic(const Planned& made) {
    for (const std::string& device : made.values("-device"))
        if (device.find("virtio-net-pci") != std::string::npos)
            return device;
    return "";
}

TEST(Network, NoneMeansNoCard) {
    const Planned made = planned(direct_machine());
    EXPECT_THAT(made.values("-netdev"), IsEmpty());
    EXPECT_EQ(nic(made), "");
}

TEST(Network, ForwardsAreSpelt) {
    const Planned made = planned(with_forwards({{"127.0.0.1", 2222, 22, false}, {"0.0.0.0", 53, 5353, true}}));
    EXPECT_THAT(made.values("-netdev"), ElementsAre("user,id=net.default,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp:0.0.0.0:53-:5353"));
    EXPECT_THAT(nic(made), HasSubstr(R"("id":"net.default-nic","netdev":"net.default")"));
}

TEST(Network, PortZeroIsPickedHeldAndAnnounced) {
    const Planned made = planned(with_forwards({{"127.0.0.1", 0, 22, false}}));
    EXPECT_THAT(made.values("-netdev"), ElementsAre("user,id=net.default,hostfwd=tcp:127.0.0.1:<net.default.forward0:port>-:22"));
    const Resource& port = made.at("net.default.forward0");
    EXPECT_EQ(std::get<PickPort>(port.up).bind, "127.0.0.1");
    EXPECT_EQ(to_string(*port.announce), "forward default: 127.0.0.1:<net.default.forward0:port> -> guest 22");
    EXPECT_THAT(made.at("qemu").needs, Contains("net.default.forward0"));
}

TEST(Network, AddressesAreStableLocalAndDistinct) {
    const std::string one = nic(planned(with_forwards({})));
    EXPECT_EQ(one, nic(planned(with_forwards({}))));
    EXPECT_NE(one.substr(one.find("mac")), nic(planned(with_forwards({}, "other"))).substr(one.find("mac")));
    Host host = plain_host();
    host.seed = "another";
    EXPECT_NE(one, nic(planned(with_forwards({}), host)));
    const std::string first_byte = one.substr(one.find(R"("mac":")") + 7, 2);
    EXPECT_EQ(std::stoi(first_byte, nullptr, 16) & 3, 2) << first_byte;
}

TEST(Network, AGivenAddressIsKept) {
    Machine machine = with_forwards({});
    machine.networks.front().mac = {0x52, 0x54, 0, 1, 2, 0xff};
    EXPECT_THAT(nic(planned(machine)), HasSubstr(R"("mac":"52:54:00:01:02:ff")"));
}

Host with_passt() {
    Host host = plain_host();
    host.uid = 1000;
    host.programs["passt"] = "/usr/bin/passt";
    return host;
}

/// The words that passt gets.
std::vector<std::string> passt_words(const Planned& made, const std::string& id = "net.default.passt") {
    std::vector<std::string> words;
    for (const Word& word : std::get<Spawn>(made.at(id).up).arguments)
        words.push_back(to_string(word));
    return words;
}

TEST(Network, GivenPortsAreLookedAtFirst) {
    const Planned made = planned(with_forwards({{"127.0.0.1", 8000, 9000, true, 11}}));
    const auto& ports = std::get<CheckPorts>(made.at("net.default.forward0").up);
    EXPECT_EQ(to_string(ports), "8000-8010");
    EXPECT_TRUE(ports.udp);
    EXPECT_EQ(made.at("net.default.forward0").because_key, "network.default.forward[0]");
}

TEST(Network, RangesAreSpeltOneByOneForQemu) {
    const Planned made = planned(with_forwards({{"127.0.0.1", 8000, 9000, false, 2}}));
    EXPECT_THAT(made.values("-netdev"),
                ElementsAre("user,id=net.default,hostfwd=tcp:127.0.0.1:8000-:9000,hostfwd=tcp:127.0.0.1:8001-:9001"));
    EXPECT_THAT(planned(with_forwards({{"127.0.0.1", 8000, 9000, false, 1025}})).summaries(),
                ElementsAre("network.default.forward[0]: more than 1024 ports are too many for QEMU's user network"));
}

TEST(Network, PasstCarriesItWhereItIsInstalled) {
    const Planned made =
        planned(with_forwards({{"127.0.0.1", 8000, 9000, false, 11}, {"0.0.0.0", 0, 53, true}, {"::1", 80, 80, false}}), with_passt());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-netdev"), ElementsAre("<net.default.socket:netdev>,id=net.default"));
    EXPECT_THAT(passt_words(made), ElementsAre("--foreground", "--quiet", "--address", "10.0.2.15", "--netmask", "255.255.255.0",
                                               "--gateway", "10.0.2.2", "--interface", "lo", "--mac-addr", "52:55:0a:00:02:02",
                                               "--tcp-ports", "127.0.0.1/8000-8010:9000-9010", "--tcp-ports", "::1/80:80", "--udp-ports",
                                               "0.0.0.0/<net.default.forward1:port>:53", "--fd=<net.default.socket:fd>"));
    const Resource& passt = made.at("net.default.passt");
    EXPECT_THAT(passt.needs, ElementsAre("net.default.forward1", "net.default.socket"));
    EXPECT_EQ(std::get<Spawn>(passt.up).critical, Critical::always);
    EXPECT_THAT(passt.reasons, ElementsAre("by passt because it is installed and network.default.backend = auto"));
    EXPECT_EQ(passt.on_failure, OnFailure::stop) << "QEMU cannot forward from an IPv6 address";
}

TEST(Network, PasstOfRootIsNobody) {
    Host host = with_passt();
    host.uid = 0;
    host.routes = {"ipv4", "ipv6"};
    const std::vector<std::string> words = passt_words(planned(with_forwards({}), host));
    EXPECT_THAT(words, ElementsAre("--foreground", "--quiet", "--runas", "nobody", "--address", "10.0.2.15", "--netmask", "255.255.255.0",
                                   "--gateway", "10.0.2.2", "--address", "fec0:0:0:0::15", "--gateway", "fec0:0:0:0::2", "--mac-addr",
                                   "52:55:0a:00:02:02", "--tcp-ports", "none", "--udp-ports", "none", "--fd=<net.default.socket:fd>"));
}

TEST(Network, QemuTakesOverWhereAnAutomaticPasstDoesNotRun) {
    const Planned made = planned(with_forwards({{"127.0.0.1", 0, 22, false}}), with_passt());
    EXPECT_EQ(made.at("net.default.passt").on_failure, OnFailure::drop_words);
    const Plan rest = without(made.plan, "net.default.passt");
    EXPECT_EQ(rest.find("net.default.passt"), nullptr);
    EXPECT_EQ(rest.find("net.default.socket"), nullptr);
    EXPECT_EQ(check_order(rest.resources), "");
    const Planned then{rest, {}};
    EXPECT_THAT(then.values("-netdev"), ElementsAre("user,id=net.default,hostfwd=tcp:127.0.0.1:<net.default.forward0:port>-:22"));
    EXPECT_THAT(rest.find("qemu")->needs, Contains("net.default.forward0"));
    EXPECT_THAT(rest.find("qemu")->needs, Not(Contains("net.default.socket")));
}

TEST(Network, ABackendThatWasAskedForIsTaken) {
    Machine machine = with_forwards({});
    machine.networks.front().backend = NetworkBackend::passt;
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("network.default.backend = \"passt\": passt is not installed"));
    const Planned made = planned(machine, with_passt());
    EXPECT_EQ(made.at("net.default.passt").on_failure, OnFailure::stop);
    EXPECT_EQ(made.at("net.default.passt").because_key, "network.default.backend");
    machine.networks.front().backend = NetworkBackend::qemu;
    EXPECT_THAT(planned(machine, with_passt()).values("-netdev"), ElementsAre("user,id=net.default"));
    EXPECT_THAT(planned(with_forwards({})).reasons(),
                Contains("network default by QEMU itself because passt is not installed and network.default.backend = auto"));
}

TEST(Network, AnAutomaticBackendIsNoOldPasst) {
    Host host = with_passt();
    for (const char* old : {"unknown version", "0.0~git20230309.7c7625d-1", "2023_11_19.4f1709d"}) {
        host.programs["passt --version"] = old;
        const Planned made = planned(with_forwards({}), host);
        EXPECT_THAT(made.values("-netdev"), ElementsAre("user,id=net.default")) << old;
        EXPECT_THAT(made.reasons(), Contains(HasSubstr("this passt lets connections hang")));
        EXPECT_EQ(planned(with_forwards({{"::1", 80, 80, false}}), host).found.status(), 0) << "better than none";
        Machine asked_for = with_forwards({});
        asked_for.networks.front().backend = NetworkBackend::passt;
        EXPECT_THAT(planned(asked_for, host).plan.notices, Contains(HasSubstr("network default: this passt lets connections hang")));
    }
    for (const char* good : {"", "0.0~git20250503.587980c-2", "2025_06_11.0293c6f", "20", "0^20261002.g2a"}) {
        host.programs["passt --version"] = good;
        EXPECT_EQ(planned(with_forwards({}), host).at("net.default.passt").on_failure, OnFailure::drop_words) << good;
    }
}

TEST(Network, EachUserNetworkHasAddressesOfItsOwn) {
    Machine machine = with_forwards({});
    machine.networks.push_back({.name = "lab"});
    EXPECT_THAT(planned(machine).values("-netdev"),
                ElementsAre("user,id=net.default", "user,id=net.lab,net=10.0.3.0/24,ipv6-prefix=fec0:0:0:1::"));
    const std::vector<std::string> words = passt_words(planned(machine, with_passt()), "net.lab.passt");
    EXPECT_THAT(words, AllOf(Contains("10.0.3.15"), Contains("10.0.3.2"), Contains("52:55:0a:00:03:02")));
}

TEST(Network, SaysWhatQemuCannotForward) {
    EXPECT_EQ(planned(with_forwards({{"::1", 80, 80, false}})).found.status(), EOPNOTSUPP);
    Host host = plain_host();
    host.qemu["x86_64"].features.erase("netdev/user");
    EXPECT_EQ(planned(with_forwards({}), host).found.status(), EOPNOTSUPP);
}

Host root_with_tun() {
    Host host = plain_host();
    host.uid = 0;
    host.net_admin = true;
    host.files["/dev/net/tun"].type = FileAnswer::Type::character;
    return host;
}

TEST(Network, TapsAreCalledAfterTheMachine) {
    Machine machine = with_forwards({});
    machine.networks.front().kind = NetworkKind::tap;
    machine.networks.push_back(machine.networks.front());
    machine.networks.back().name = "dmz";
    const Planned made = planned(machine, root_with_tun());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(to_string(std::get<MakeTap>(made.at("net.default").up).machine), "test");
    EXPECT_EQ(to_string(std::get<MakeTap>(made.at("net.dmz").up).machine), "test-dmz");
    EXPECT_THAT(made.values("-netdev"), Contains(HasSubstr("fd=<net.default:fd>")));
    EXPECT_EQ(to_string(*made.at("net.default").announce), "network default: interface vt-test of this host");
}

TEST(Network, ATapOfADrawnNameIsToldWhenItIsKnown) {
    Machine machine = disk_machine();
    machine.image.ephemeral = true;
    machine.networks = {{.name = "lan", .kind = NetworkKind::tap}};
    const Planned made = planned(machine, root_with_tun());
    EXPECT_EQ(to_string(*made.at("net.lan").announce), "network lan: interface <net.lan:name> of this host");
    EXPECT_THAT(made.at("record").needs, Contains("net.lan")) << "for those who ask for the status";
}

constexpr const char* nsresourced_socket = "/run/systemd/io.systemd.NamespaceResource";

Machine with_tap() {
    Machine machine = with_forwards({});
    machine.networks.front().kind = NetworkKind::tap;
    return machine;
}

Host user_with_nsresourced() {
    Host host = root_with_tun();
    host.uid = 1000;
    host.net_admin = false;
    host.files[nsresourced_socket].type = FileAnswer::Type::socket;
    return host;
}

TEST(Network, TapNeedsRootAndTheDevice) {
    Host host = root_with_tun();
    host.files["/dev/net/tun"].type = FileAnswer::Type::missing;
    EXPECT_THAT(planned(with_tap(), host).summaries(), ElementsAre("network.default.kind = \"tap\": /dev/net/tun does not exist"));
    host.uid = 1000;
    host.net_admin = false;
    const Planned user = planned(with_tap(), host);
    EXPECT_THAT(
        user.summaries(),
        ElementsAre(
            "network.default.kind = \"tap\": only root may make network interfaces, and "
            "systemd-nsresourced, which makes them for others, does not run (/run/systemd/io.systemd.NamespaceResource is missing)"));
    EXPECT_EQ(user.found.status(), EOPNOTSUPP);
}

TEST(Network, AUserIsGivenATapBySystemd) {
    Machine machine = with_tap();
    machine.networks.push_back(machine.networks.front());
    machine.networks.back().name = "dmz";
    Host host = user_with_nsresourced();
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    const Resource& tap = made.at("net.default");
    EXPECT_EQ(std::get<AskForTap>(tap.up).socket, nsresourced_socket);
    EXPECT_EQ(to_string(std::get<AskForTap>(tap.up).machine), "test");
    EXPECT_EQ(to_string(std::get<AskForTap>(made.at("net.dmz").up).machine), "test-dmz");
    EXPECT_EQ(tap.ready, Readiness::answered);
    EXPECT_THAT(tap.reasons, ElementsAre("systemd-nsresourced makes it, and names it ns-…, because uid 1000 has no CAP_NET_ADMIN"));
    EXPECT_EQ(to_string(*tap.announce), "network default: interface <net.default:name> of this host");
    EXPECT_THAT(made.values("-netdev"), Contains("tap,id=net.default,fd=<net.default:fd>"));
    EXPECT_EQ(plan_script(made.plan).failure().detail, "'net.default' (a tap interface) has no shell form");
    EXPECT_EQ(nic(made), nic(planned(machine, root_with_tun()))) << "the guest's address does not depend on who makes the tap";
    host.files["/dev/net/tun"].type = FileAnswer::Type::missing;
    EXPECT_THAT(planned(with_tap(), host).summaries(), IsEmpty()) << "nsresourced loads what it needs: the device need not be there";
}

TEST(Network, WhoMayMakeATapMakesIt) {
    Host host = user_with_nsresourced();
    host.net_admin = true;
    const Planned able = planned(with_tap(), host);
    EXPECT_TRUE(std::holds_alternative<MakeTap>(able.at("net.default").up));
    EXPECT_THAT(able.at("net.default").reasons, ElementsAre("vmspawn makes it because it has CAP_NET_ADMIN"));
    host.uid = 0;
    EXPECT_THAT(planned(with_tap(), host).at("net.default").reasons, ElementsAre("vmspawn makes it because uid = 0"));
    host.net_admin = false;
    EXPECT_TRUE(std::holds_alternative<AskForTap>(planned(with_tap(), host).at("net.default").up))
        << "a root that has lost it, in a container";
}

TEST(Network, ATapThatNobodyConfiguresIsSaid) {
    Host host = root_with_tun();
    EXPECT_THAT(planned(with_tap(), host).plan.notices, Not(Contains(HasSubstr("networkd")))) << "a record of before this was looked for";
    host.networkd = true;
    EXPECT_THAT(planned(with_tap(), host).plan.notices, Not(Contains(HasSubstr("networkd"))));
    host.networkd = false;
    const std::string said =
        "network default: its interface has no addresses until somebody gives it some, because systemd-networkd does "
        "not run on this host";
    EXPECT_THAT(planned(with_tap(), host).plan.notices, Contains(said));
    Host user = user_with_nsresourced();
    user.networkd = false;
    EXPECT_THAT(planned(with_tap(), user).plan.notices, Contains(said));
    EXPECT_THAT(planned(with_forwards({}), host).plan.notices, Not(Contains(HasSubstr("networkd"))));
}

TEST(Network, TheFirstTapHasTheAddressOfSystemdVmspawn) {
    Machine machine = with_forwards({}, "out");
    machine.networks.push_back({.name = "lan", .kind = NetworkKind::tap});
    machine.networks.push_back({.name = "dmz", .kind = NetworkKind::tap});
    Host host = root_with_tun();
    const auto cards = [&] {
        std::vector<std::string> macs;
        for (const std::string& device : planned(machine, host).values("-device"))
            if (const auto at = device.find(R"("mac":")"); at != std::string::npos)
                macs.push_back(device.substr(at + 7, 17));
        return macs;
    };
    const std::vector<std::string> ours = cards();  // as a record of before there was this fact
    ASSERT_EQ(ours.size(), 3U);
    const Mac peers{0x42, 0xb4, 0x8f, 0x15, 0x81, 0x58};
    host.tap_macs = {{"test", peers}};
    EXPECT_THAT(cards(), ElementsAre(ours[0], "42:b4:8f:15:81:58", ours[2]));
    host.environment["SYSTEMD_VMSPAWN_NETWORK_MAC"] = "5254.0012.34aF";
    EXPECT_THAT(cards(), ElementsAre(ours[0], "52:54:00:12:34:af", ours[2])) << "two cards with one address would not work";
    host.environment.clear();
    host.tap_macs = {{"test", std::nullopt}};
    EXPECT_EQ(cards(), ours) << "a host without a machine id";
    host.tap_macs = {{"other", peers}};
    EXPECT_THAT(planned(machine, host).summaries(),
                ElementsAre("the record of the host has no answer about the hardware address of the machine test"));
    machine.networks[1].mac = peers;
    EXPECT_THAT(cards(), ElementsAre(ours[0], "42:b4:8f:15:81:58", ours[2])) << "and nobody asks";
}

TEST(Network, ATapTakesItsAddressFromTheEnvironment) {
    Machine machine = with_forwards({});
    Host host = root_with_tun();
    host.environment["SYSTEMD_VMSPAWN_NETWORK_MAC"] = "52:54:00:12:34:aF";
    EXPECT_THAT(nic(planned(machine, host)), Not(HasSubstr("52:54"))) << "a user network does not";
    machine.networks.front().kind = NetworkKind::tap;
    EXPECT_THAT(nic(planned(machine, host)), HasSubstr(R"("mac":"52:54:00:12:34:af")"));
    for (const char* wrong :
         {"52:54:00:12:34", "52:54:00:12:34:5", "52:54:00:12:34:567", "53:54:00:12:34:56", "00:00:00:00:00:00", "mac"}) {
        host.environment["SYSTEMD_VMSPAWN_NETWORK_MAC"] = wrong;
        const auto summaries = planned(machine, host).summaries();
        ASSERT_EQ(summaries.size(), 1U) << wrong;
        EXPECT_THAT(summaries.front(), HasSubstr("is not a hardware address"));
    }
    machine.networks.front().mac = {0x52, 0x54, 0, 0, 0, 1};
    EXPECT_THAT(nic(planned(machine, host)), HasSubstr("52:54:00:00:00:01")) << "what is said wins";
}

}  // namespace
}  // namespace vmspawn
