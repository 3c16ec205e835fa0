#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

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

TEST(Network, SaysWhatQemuCannotForward) {
    EXPECT_EQ(planned(with_forwards({{"::1", 80, 80, false}})).found.status(), EOPNOTSUPP);
    Host host = plain_host();
    host.qemu["x86_64"].features.erase("netdev/user");
    EXPECT_EQ(planned(with_forwards({}), host).found.status(), EOPNOTSUPP);
}

Host root_with_tun() {
    Host host = plain_host();
    host.uid = 0;
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

TEST(Network, TapNeedsRootAndTheDevice) {
    Machine machine = with_forwards({});
    machine.networks.front().kind = NetworkKind::tap;
    Host host = root_with_tun();
    host.files["/dev/net/tun"].type = FileAnswer::Type::missing;
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre("network.default.kind = \"tap\": /dev/net/tun does not exist"));
    host.uid = 1000;
    const Planned user = planned(machine, host);
    EXPECT_THAT(user.summaries(), ElementsAre("network.default.kind = \"tap\": only root may make a network interface"));
    EXPECT_EQ(user.found.status(), EOPNOTSUPP);
}

}  // namespace
}  // namespace vmspawn
