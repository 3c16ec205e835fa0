#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::AnyOf;
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

TEST(Basics, WordsThatStartAProgramMayDoSo) {
    struct Case {
        std::vector<std::string> words;
        std::string spawn;  ///< empty: no sandbox at all
    };
    const std::vector<Case> cases = {{{"-netdev", "tap,id=a,ifname=t0"}, "allow"},
                                     {{"-nic", "tap,script=/etc/up,downscript=no"}, "allow"},
                                     {{"-netdev", R"({"type":"tap","id":"a","script":"no"})"}, "allow"},
                                     {{"-netdev", "user,id=a,guestfwd=tcp:10.0.2.100:7-cmd:cat"}, "allow"},
                                     {{"--incoming", "exec:cat state"}, "allow"},
                                     {{"-netdev", "bridge,id=a,br=br0"}, ""},
                                     {{"-net", "nic", "-net", "bridge"}, ""},
                                     {{"-netdev", R"({"type":"bridge","id":"a"})"}, ""},
                                     {{"-netdev", "tap,id=a,br=br0,helper=/h"}, ""},
                                     {{"-netdev", "user,id=a,smb=/srv"}, ""},
                                     {{"-netdev", "tap,id=a,script=no,downscript=no"}, "deny"},
                                     {{"-netdev", "tap,id=a,fd=3"}, "deny"},
                                     {{"-netdev", "user,id=a"}, "deny"},
                                     {{"-device", "virtio-net-pci,id=bridge", "tap"}, "deny"}};
    for (const Case& one : cases) {
        Machine machine = direct_machine();
        machine.qemu.extra = one.words;
        const Planned made = planned(machine);
        const auto sandbox = made.values("-sandbox");
        const bool privileged = one.spawn.empty();
        EXPECT_EQ(sandbox.size(), privileged ? 0U : 1U) << one.words.back();
        if (!sandbox.empty())
            EXPECT_THAT(sandbox.front(), HasSubstr("spawn=" + one.spawn)) << one.words.back();
        EXPECT_EQ(std::get<Spawn>(made.at("qemu").up).no_new_privileges, !privileged) << one.words.back();
        const auto tells = Contains(AnyOf(HasSubstr("may start programs because"), HasSubstr("may gain privileges because")));
        EXPECT_EQ(testing::Matches(tells)(made.reasons()), one.spawn != "deny") << one.words.back();
    }
    Host host = plain_host();
    host.environment["SYSTEMD_VMSPAWN_QEMU_EXTRA"] = "-device virtio-net-pci,netdev=a -netdev 'bridge,id=a,br=br0'";
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-sandbox"), IsEmpty());
    EXPECT_THAT(made.reasons(),
                Contains("QEMU runs without its sandbox because a program that it starts for \"bridge,id=a,br=br0\" needs privileges"));
    EXPECT_THAT(made.reasons(), Contains("what QEMU starts may gain privileges because \"bridge,id=a,br=br0\" needs it"));
    EXPECT_TRUE(std::get<Spawn>(planned(direct_machine()).at("qemu").up).no_new_privileges);
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
