#include "language/unit_property.hpp"

#include <gmock/gmock.h>

#include <csignal>
#include <netinet/in.h>
#include <sys/socket.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;

UnitProperty parsed(std::string_view text) {
    std::string problem, hint;
    const auto property = parse_unit_property(text, problem, hint);
    EXPECT_TRUE(property) << text << ": " << problem;
    return property.value_or(UnitProperty{});
}

std::string problem_of(std::string_view text) {
    std::string problem, hint;
    EXPECT_FALSE(parse_unit_property(text, problem, hint)) << text;
    return problem + "; " + hint;
}

constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;

TEST(UnitProperty, NumbersAreThoseOfTheBus) {
    EXPECT_EQ(parsed("MemoryMax=4G"), (UnitProperty{"MemoryMax", 4 * gibibyte}));
    EXPECT_EQ(parsed("MemoryHigh=infinity"), (UnitProperty{"MemoryHigh", UINT64_MAX}));
    EXPECT_EQ(parsed("TasksMax=500"), (UnitProperty{"TasksMax", std::uint64_t{500}}));
    EXPECT_EQ(parsed("CPUWeight=100"), (UnitProperty{"CPUWeight", std::uint64_t{100}}));
    EXPECT_EQ(parsed("CPUWeight=idle"), (UnitProperty{"CPUWeight", std::uint64_t{0}}));
    EXPECT_EQ(parsed("CPUQuota=150%"), (UnitProperty{"CPUQuotaPerSecUSec", std::uint64_t{1'500'000}}));
    EXPECT_EQ(parsed("CPUQuota=12.5%"), (UnitProperty{"CPUQuotaPerSecUSec", std::uint64_t{125'000}}));
    EXPECT_EQ(parsed("TimeoutStopSec=1min 30s"), (UnitProperty{"TimeoutStopUSec", std::uint64_t{90'000'000}}));
    EXPECT_EQ(parsed("RuntimeMaxSec=infinity"), (UnitProperty{"RuntimeMaxUSec", UINT64_MAX}));
}

TEST(UnitProperty, SharesGoByPartsOfAllThereIs) {
    EXPECT_EQ(parsed("MemoryMax=100%"), (UnitProperty{"MemoryMaxScale", UINT32_MAX}));
    EXPECT_EQ(parsed("MemoryLow=50%"), (UnitProperty{"MemoryLowScale", std::uint32_t{0x80000000}}));
    EXPECT_EQ(parsed("TasksMax=10%"), (UnitProperty{"TasksMaxScale", std::uint32_t{429496730}}));
}

TEST(UnitProperty, SetsOfNumbersAreMasks) {
    EXPECT_EQ(parsed("AllowedCPUs=0-3,8"), (UnitProperty{"AllowedCPUs", UnitProperty::Mask{0x0f, 0x01}}));
    EXPECT_EQ(parsed("AllowedMemoryNodes=1 9"), (UnitProperty{"AllowedMemoryNodes", UnitProperty::Mask{0x02, 0x02}}));
}

TEST(UnitProperty, DevicesHaveLimitsAndRights) {
    EXPECT_EQ(parsed("IOReadBandwidthMax=/dev/vda 10M"),
              (UnitProperty{"IOReadBandwidthMax", UnitProperty::Limits{{"/dev/vda", 10'000'000}}}));
    EXPECT_EQ(parsed("IODeviceWeight=/dev/vda 200"), (UnitProperty{"IODeviceWeight", UnitProperty::Limits{{"/dev/vda", 200}}}));
    EXPECT_EQ(parsed("DeviceAllow=char-pts rw"), (UnitProperty{"DeviceAllow", UnitProperty::Rights{{"char-pts", "rw"}}}));
    EXPECT_EQ(parsed("DeviceAllow=/dev/kvm"), (UnitProperty{"DeviceAllow", UnitProperty::Rights{{"/dev/kvm", "rwm"}}}));
}

TEST(UnitProperty, AddressesPortsAndInterfaces) {
    using P = UnitProperty;
    EXPECT_EQ(parsed("IPAddressAllow=10.0.0.0/8 fe80::1"),
              (P{"IPAddressAllow",
                 P::Addresses{{AF_INET, {10, 0, 0, 0}, 8}, {AF_INET6, {0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128}}}));
    const P any = parsed("IPAddressDeny=any");
    EXPECT_EQ(any, (P{"IPAddressDeny", P::Addresses{{AF_INET, {0, 0, 0, 0}, 0}, {AF_INET6, std::vector<std::uint8_t>(16), 0}}}));
    const auto local = std::get<P::Addresses>(parsed("IPAddressAllow=localhost 192.0.2.1").value);
    ASSERT_EQ(local.size(), 3U);
    EXPECT_EQ(local[0], (P::Address{AF_INET, {127, 0, 0, 0}, 8}));
    EXPECT_EQ(local[2], (P::Address{AF_INET, {192, 0, 2, 1}, 32}));
    EXPECT_EQ(std::get<P::Addresses>(parsed("IPAddressAllow=link-local multicast").value).size(), 4U);
    EXPECT_EQ(parsed("SocketBindDeny=any"), (P{"SocketBindDeny", P::Binds{{AF_UNSPEC, 0, 0, 0}}}));
    EXPECT_EQ(parsed("SocketBindAllow=ipv6:tcp:80"), (P{"SocketBindAllow", P::Binds{{AF_INET6, IPPROTO_TCP, 1, 80}}}));
    EXPECT_EQ(parsed("SocketBindAllow=8000-8010 udp"),
              (P{"SocketBindAllow", P::Binds{{AF_UNSPEC, 0, 11, 8000}, {AF_UNSPEC, IPPROTO_UDP, 0, 0}}}));
    EXPECT_EQ(parsed("RestrictNetworkInterfaces=~eth0 lo"), (P{"RestrictNetworkInterfaces", P::Interfaces{false, {"eth0", "lo"}}}));
    EXPECT_EQ(parsed("RestrictNetworkInterfaces=lo"), (P{"RestrictNetworkInterfaces", P::Interfaces{true, {"lo"}}}));
}

TEST(UnitProperty, NothingUnsetsWhatSystemdUnsets) {
    using P = UnitProperty;
    EXPECT_EQ(parsed("MemoryMax="), (P{"MemoryMax", UINT64_MAX}));
    EXPECT_EQ(parsed("MemoryLow="), (P{"MemoryLow", std::uint64_t{0}}));
    EXPECT_EQ(parsed("CPUQuota="), (P{"CPUQuotaPerSecUSec", UINT64_MAX}));
    EXPECT_EQ(parsed("CPUWeight="), (P{"CPUWeight", UINT64_MAX}));
    EXPECT_EQ(parsed("DeviceAllow="), (P{"DeviceAllow", P::Rights{}}));
    EXPECT_EQ(parsed("IOReadIOPSMax="), (P{"IOReadIOPSMax", P::Limits{}}));
    EXPECT_EQ(parsed("AllowedCPUs="), (P{"AllowedCPUs", P::Mask{}}));
    EXPECT_EQ(parsed("IPAddressAllow="), (P{"IPAddressAllow", P::Addresses{}}));
    EXPECT_EQ(parsed("SocketBindAllow="), (P{"SocketBindAllow", P::Binds{}}));
    EXPECT_EQ(parsed("ManagedOOMMemoryPressureDurationSec="), (P{"ManagedOOMMemoryPressureDurationUSec", UINT64_MAX}));
    EXPECT_EQ(parsed("Documentation="), (P{"Documentation", std::vector<std::string>{}}));
}

TEST(UnitProperty, WhatAUnitHasBesides) {
    using P = UnitProperty;
    using Words = std::vector<std::string>;
    EXPECT_EQ(parsed("OnFailure=tell@web.service"), (P{"OnFailure", Words{"tell@web.service"}}));
    EXPECT_EQ(parsed("RequiresMountsFor=/srv /var/lib"), (P{"RequiresMountsFor", Words{"/srv", "/var/lib"}}));
    EXPECT_EQ(parsed("Documentation=man:vmspawn(1) https://example.com/"),
              (P{"Documentation", Words{"man:vmspawn(1)", "https://example.com/"}}));
    EXPECT_EQ(parsed("DefaultDependencies=no"), (P{"DefaultDependencies", false}));
    EXPECT_EQ(parsed("DisableControllers=cpu io"), (P{"DisableControllers", Words{"cpu", "io"}}));
    EXPECT_EQ(parsed("FailureAction=reboot"), (P{"FailureAction", std::string("reboot")}));
    EXPECT_EQ(parsed("FailureActionExitStatus=3"), (P{"FailureActionExitStatus", std::int32_t{3}}));
    EXPECT_EQ(parsed("ManagedOOMMemoryPressureLimit=100%"), (P{"ManagedOOMMemoryPressureLimit", UINT32_MAX}));
    EXPECT_EQ(parsed("IODeviceLatencyTargetSec=/dev/vda 25ms"), (P{"IODeviceLatencyTargetUSec", P::Limits{{"/dev/vda", 25000}}}));
    EXPECT_EQ(parsed("DefaultMemoryMin=1G"), (P{"DefaultMemoryMin", gibibyte}));
}

TEST(UnitProperty, WhatSystemdWouldRefuseOnceTheMachineRunsIsRefusedBefore) {
    EXPECT_EQ(problem_of("After=nothing"), "'nothing' is no value for After; expected names of units such as network.target");
    EXPECT_EQ(problem_of("Documentation=foo"),
              "'foo' is no value for Documentation; expected URIs that begin with http://, https://, file:/, info: or man:");
    EXPECT_EQ(problem_of("DeviceAllow=/srv/x"),
              "'/srv/x' is no value for DeviceAllow; expected a device such as /dev/kvm or char-pts, and letters of rwm");
    for (const char* text : {"Wants=a@.service",
                             "Wants=@a.service",
                             "Wants=.service",
                             "Wants=a.b",
                             "Wants=a/b.service",
                             "Wants=a.service b",
                             "Documentation=man:",
                             "Documentation=ftp://example.com",
                             "DeviceAllow=/dev/",
                             "RequiresMountsFor=srv",
                             "SourcePath=",
                             "ManagedOOMMemoryPressureDurationSec=1ms",
                             "ManagedOOMMemoryPressureLimit=101%",
                             "FailureActionExitStatus=256",
                             "FailureAction=explode",
                             "IPAddressAllow=10.0.0.0/33",
                             "IPAddressAllow=everywhere",
                             "IPAddressAllow=10.0.0.0/",
                             "IPAddressAllow=::/129",
                             "SocketBindAllow=0",
                             "SocketBindAllow=ipv4:",
                             "SocketBindAllow=tcp:ipv4",
                             "SocketBindAllow=65536",
                             "SocketBindAllow=90-80",
                             "SocketBindAllow=80:80",
                             "RestrictNetworkInterfaces=a/b",
                             "IODeviceLatencyTargetSec=/dev/vda"})
        EXPECT_THAT(problem_of(text), HasSubstr("is no value for")) << text;
}

TEST(UnitProperty, WordsListsFlagsAndSignals) {
    EXPECT_EQ(parsed("DevicePolicy=closed"), (UnitProperty{"DevicePolicy", std::string("closed")}));
    EXPECT_EQ(parsed("Description=my = machine"), (UnitProperty{"Description", std::string("my = machine")}));
    EXPECT_EQ(parsed("After=a.service b.target"), (UnitProperty{"After", std::vector<std::string>{"a.service", "b.target"}}));
    EXPECT_EQ(parsed("MemoryAccounting=yes"), (UnitProperty{"MemoryAccounting", true}));
    EXPECT_EQ(parsed("KillSignal=SIGINT"), (UnitProperty{"KillSignal", std::int32_t{SIGINT}}));
    EXPECT_EQ(parsed("KillSignal=TERM"), (UnitProperty{"KillSignal", std::int32_t{SIGTERM}}));
}

TEST(UnitProperty, AValueThatIsNoneTellsWhatWasExpected) {
    EXPECT_EQ(problem_of("MemoryMax=8Q"), "'8Q' is no value for MemoryMax; expected a size, a percentage or infinity");
    EXPECT_EQ(problem_of("DevicePolicy=open"), "'open' is no value for DevicePolicy; expected auto, closed or strict");
    for (const char* text : {"MemoryMax=101%",
                             "MemoryMax=1.234%",
                             "MemoryMax=%",
                             "TasksMax=0",
                             "CPUWeight=0",
                             "IOWeight=idle",
                             "CPUWeight=10001",
                             "CPUQuota=0%",
                             "CPUQuota=100",
                             "AllowedCPUs=3-1",
                             "AllowedCPUs=9000",
                             "TimeoutStopSec=soon",
                             "KillSignal=SIGNONE",
                             "KillSignal=0",
                             "KillSignal=65",
                             "DeviceAllow=kvm rw",
                             "DeviceAllow=/dev/kvm x",
                             "DeviceAllow=/dev/kvm r w",
                             "IOReadBandwidthMax=/dev/vda",
                             "IOReadBandwidthMax=vda 1",
                             "IOReadBandwidthMax=/dev/vda 99999999999999T",
                             "SendSIGHUP=perhaps"})
        EXPECT_THAT(problem_of(text), HasSubstr("is no value for")) << text;
}

TEST(UnitProperty, AnUnknownNameGetsTheNearest) {
    EXPECT_EQ(problem_of("MemroyMax=1G"), "vmspawn knows no property 'MemroyMax' of a scope; did you mean 'MemoryMax'?");
    EXPECT_THAT(problem_of("ExecStart=/bin/true"), HasSubstr("systemd.resource-control(5)"));
    EXPECT_EQ(problem_of("Slice=a.slice"), "'Slice' cannot be set here; unit.slice sets it");
}

}  // namespace
}  // namespace vmspawn
