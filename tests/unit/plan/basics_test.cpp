#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Basics, MachineTypesFollowTheArchitecture) {
    EXPECT_THAT(planned(direct_machine()).values("-machine"), ElementsAre("type=q35,hpet=off,smm=off"));
    EXPECT_THAT(planned(direct_machine(), aarch64_host()).values("-machine"), ElementsAre("type=virt"));
}

TEST(Basics, ManyArmCpusNeedTheNewerInterruptController) {
    Machine machine = direct_machine();
    machine.cpus = 9;
    EXPECT_THAT(planned(machine, aarch64_host()).values("-machine"), ElementsAre("type=virt,gic-version=max"));
    EXPECT_THAT(planned(machine, aarch64_host()).values("-smp"), ElementsAre("9"));
}

TEST(Basics, MemoryIsRoundedUpToMebibytes) {
    Machine machine = direct_machine();
    machine.memory.size = (Bytes{256} << 20) + 1;
    EXPECT_THAT(planned(machine).values("-m"), ElementsAre("257M"));
    machine.memory.max = Bytes{1} << 30;
    EXPECT_THAT(planned(machine).values("-m"), ElementsAre("size=257M,maxmem=1024M,slots=1"));
    machine.memory.slots = 3;
    EXPECT_THAT(planned(machine).values("-m"), ElementsAre("size=257M,maxmem=1024M,slots=3"));
}

TEST(Basics, UuidIsDashed) {
    Machine machine = direct_machine();
    EXPECT_THAT(planned(machine).values("-uuid"), IsEmpty());
    machine.uuid = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    EXPECT_THAT(planned(machine).values("-uuid"), ElementsAre("01234567-89ab-cdef-0123-456789abcdef"));
}

TEST(Basics, SmallDevicesFollowTheArchitecture) {
    const auto x86 = planned(direct_machine()).values("-device");
    EXPECT_THAT(x86, Contains(HasSubstr("vmgenid")));
    EXPECT_THAT(x86, Contains(HasSubstr(R"("driver":"pvpanic",)")));
    EXPECT_THAT(x86, Contains(HasSubstr(R"("free-page-reporting":true)")));
    const auto arm = planned(direct_machine(), aarch64_host()).values("-device");
    EXPECT_THAT(arm, Not(Contains(HasSubstr("vmgenid"))));
    EXPECT_THAT(arm, Contains(HasSubstr(R"("driver":"pvpanic-pci",)")));
}

TEST(Basics, SaysWhatTheProbedQemuLacks) {
    Host host = plain_host();
    host.qemu["x86_64"].features.clear();
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-sandbox"), IsEmpty());
    EXPECT_THAT(made.values("-machine"), ElementsAre("type=q35,smm=off"));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("without its sandbox")));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("no pvpanic device")));
}

TEST(Basics, SandboxDeniesAllFour) {
    EXPECT_THAT(planned(direct_machine()).values("-sandbox"),
                ElementsAre("on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
}

TEST(Basics, TalksQmpOverAnInheritedSocket) {
    const Planned made = planned(direct_machine());
    EXPECT_THAT(made.values("-chardev"), Contains("socket,id=qmp,<qmp:chardev>"));
    EXPECT_THAT(made.values("-mon"), ElementsAre("chardev=qmp,mode=control"));
    EXPECT_TRUE(std::holds_alternative<MakeQmpSocket>(made.at("qmp").up));
}

TEST(Basics, OwnsUpToWhatAutoCannotHaveYet) {
    Machine machine = direct_machine();
    EXPECT_THAT(planned(machine).reasons(), Contains(HasSubstr("vsock.enabled = auto")));
    machine.vsock.enabled = Want::no;
    machine.unit.registered = Want::no;
    EXPECT_THAT(planned(machine).reasons(), Not(Contains(HasSubstr("= auto: this vmspawn"))));
}

}  // namespace
}  // namespace vmspawn
