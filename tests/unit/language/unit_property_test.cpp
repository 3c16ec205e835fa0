#include "language/unit_property.hpp"

#include <gmock/gmock.h>

#include <csignal>

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
    for (const char* text : {"MemoryMax=",
                             "MemoryMax=101%",
                             "MemoryMax=1.234%",
                             "MemoryMax=%",
                             "TasksMax=0",
                             "CPUWeight=0",
                             "IOWeight=idle",
                             "CPUWeight=10001",
                             "CPUQuota=0%",
                             "CPUQuota=100",
                             "AllowedCPUs=3-1",
                             "AllowedCPUs=",
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
