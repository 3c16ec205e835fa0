#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Host kvm_host() {
    Host host = plain_host();
    host.kvm = {true, "", ""};
    return host;
}

TEST(Accelerator, AutoWithoutKvmTakesTcgAndSaysSo) {
    const Planned made = planned(direct_machine());
    EXPECT_THAT(made.values("-accel"), ElementsAre("tcg"));
    EXPECT_THAT(made.values("-cpu"), ElementsAre("max,erms=off,fsrm=off,la57=off"));
    EXPECT_THAT(made.reasons(), Contains("accel = tcg because /dev/kvm does not exist and kvm = auto"));
    EXPECT_THAT(made.plan.notices, Contains("KVM is not used: /dev/kvm does not exist; modprobe kvm"));
}

TEST(Accelerator, NoMeansTcgWithoutANotice) {
    Machine machine = direct_machine();
    machine.kvm = Want::no;
    const Planned made = planned(machine, kvm_host());
    EXPECT_THAT(made.values("-accel"), ElementsAre("tcg"));
    EXPECT_THAT(made.plan.notices, Not(Contains(HasSubstr("KVM"))));
    EXPECT_THAT(made.reasons(), Contains("accel = tcg because kvm = false"));
}

TEST(Accelerator, HandsOverTheDescriptorWhereQemuTakesOne) {
    Host host = kvm_host();
    host.qemu["x86_64"].features.insert("kvm-accel-device");
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-accel"), ElementsAre("kvm,device=/dev/fdset/1"));
    EXPECT_THAT(made.values("-add-fd"), Contains("fd=<kvm:fd>,set=1"));
    const auto& file = std::get<OpenFile>(made.at("kvm").up);
    EXPECT_EQ(file.path, "/dev/kvm");
    EXPECT_TRUE(file.writable);
    EXPECT_THAT(made.values("-cpu"), ElementsAre("max,hv_relaxed,hv-vapic,hv-time"));
}

TEST(Accelerator, APassedDescriptorStandsForTheDevice) {
    Host host = plain_host();  // whose own /dev/kvm is not there
    host.passed_kvm = Kvm{true, "", ""};
    host.qemu["x86_64"].features.insert("kvm-accel-device");
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-accel"), ElementsAre("kvm,device=/dev/fdset/1"));
    EXPECT_EQ(std::get<TakePassed>(made.at("kvm").up).name, "kvm");
    EXPECT_THAT(made.plan.notices, Not(Contains(HasSubstr("passed"))));
}

TEST(Accelerator, APassedDescriptorIsNoUseToAnOlderQemuOrAnEmulatedGuest) {
    Host host = plain_host();
    host.passed_kvm = Kvm{true, "", ""};
    Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-accel"), ElementsAre("tcg"));
    EXPECT_THAT(made.reasons(),
                Contains("accel = tcg because /dev/kvm does not exist, and QEMU 7.2.22 takes no descriptor for it and kvm = auto"));
    EXPECT_THAT(made.plan.notices, Contains("the passed descriptor kvm is closed: the guest is emulated"));
    host.kvm = {true, "", ""};
    made = planned(direct_machine(), host);
    EXPECT_THAT(made.values("-accel"), ElementsAre("kvm"));
    EXPECT_THAT(made.plan.notices, Contains("the passed descriptor kvm is closed: this QEMU opens /dev/kvm by itself"));
}

TEST(Accelerator, LetsAnOlderQemuOpenKvmItself) {
    const Planned made = planned(direct_machine(), kvm_host());
    EXPECT_THAT(made.values("-accel"), ElementsAre("kvm"));
    EXPECT_EQ(made.plan.find("kvm"), nullptr);
    EXPECT_THAT(made.reasons(), Contains("QEMU opens /dev/kvm itself because QEMU 7.2.22 takes no descriptor for it"));
}

TEST(Accelerator, RefusesToForceWhatIsNotThere) {
    Machine machine = direct_machine();
    machine.kvm = Want::yes;
    const Planned made = planned(machine);
    EXPECT_THAT(made.summaries(), ElementsAre("kvm = true, but KVM cannot be used: /dev/kvm does not exist"));
    EXPECT_EQ(made.found.begin()->hint, "modprobe kvm");
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
}

TEST(Accelerator, ForeignGuestsRunUnderTcg) {
    Machine machine = direct_machine();
    machine.arch = Arch::riscv64;
    const Planned made = planned(machine, kvm_host());
    EXPECT_THAT(made.values("-accel"), ElementsAre("tcg"));
    EXPECT_THAT(made.values("-cpu"), ElementsAre("rv64"));  // QEMU 7.2 has no "max" for riscv64
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("the guest is riscv64 and this host x86_64")));

    machine.kvm = Want::yes;
    EXPECT_EQ(planned(machine, kvm_host()).found.status(), EOPNOTSUPP);
}

TEST(Accelerator, TheUsersProcessorIsTakenAsItIs) {
    Machine machine = direct_machine();
    machine.qemu.cpu = "Haswell,-avx2";
    for (Host host : {plain_host(), kvm_host()}) {
        const Planned made = planned(machine, std::move(host));
        EXPECT_THAT(made.values("-cpu"), ElementsAre("Haswell,-avx2"));
        EXPECT_THAT(made.reasons(), Not(Contains(HasSubstr("erms"))));
    }
}

TEST(Accelerator, Aarch64UnderKvmHasNoHyperVFlags) {
    Host host = aarch64_host();
    host.kvm = {true, "", ""};
    EXPECT_THAT(planned(direct_machine(), host).values("-cpu"), ElementsAre("max"));
}

}  // namespace
}  // namespace vmspawn
