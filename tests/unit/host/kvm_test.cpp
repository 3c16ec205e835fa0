#include "host/kvm.hpp"

#include "base/fd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>

namespace vmspawn {
namespace {

using testing::HasSubstr;

KvmLook well() {
    return {.exists = true, .cpu = "vmx", .user = "ana", .group = "kvm"};
}

TEST(Kvm, IsUsableWhenAllIsWell) {
    const Kvm kvm = judge_kvm(well());
    EXPECT_TRUE(kvm.usable);
    EXPECT_EQ(kvm.reason, "");
    EXPECT_EQ(kvm.fix, "");
}

TEST(Kvm, MissingDeviceNamesTheModuleOfThisCpu) {
    EXPECT_EQ(judge_kvm({.exists = false, .cpu = "vmx"}).fix, "modprobe kvm_intel");
    EXPECT_EQ(judge_kvm({.exists = false, .cpu = "svm"}).fix, "modprobe kvm_amd");
    EXPECT_EQ(judge_kvm({.exists = false, .cpu = "svm"}).reason, "there is no /dev/kvm");
}

TEST(Kvm, MissingDeviceWithoutHardwareNamesTheFirmware) {
    EXPECT_THAT(judge_kvm({.exists = false}).fix, HasSubstr("firmware"));
    EXPECT_THAT(judge_kvm({.exists = false, .hypervisor = true}).fix, HasSubstr("nested"));
    EXPECT_FALSE(judge_kvm({.exists = false, .x86 = false}).usable);
}

TEST(Kvm, DeniedNamesTheGroup) {
    KvmLook look = well();
    look.open_error = EACCES;
    const Kvm kvm = judge_kvm(look);
    EXPECT_FALSE(kvm.usable);
    EXPECT_THAT(kvm.reason, HasSubstr("group kvm"));
    EXPECT_THAT(kvm.fix, HasSubstr("usermod -aG kvm ana"));
}

TEST(Kvm, DeniedToAMemberAsksForANewSession) {
    KvmLook look = well();
    look.open_error = EACCES;
    look.member = true;
    EXPECT_THAT(judge_kvm(look).fix, HasSubstr("log out"));
}

TEST(Kvm, DeniedToEveryGroupNamesTheUser) {
    KvmLook look = well();
    look.open_error = EPERM;
    look.group.clear();
    EXPECT_THAT(judge_kvm(look).fix, HasSubstr("setfacl -m u:ana:rw"));
}

TEST(Kvm, OtherErrorsAreNamed) {
    KvmLook look = well();
    look.open_error = ENXIO;
    EXPECT_THAT(judge_kvm(look).reason, HasSubstr("No such device"));
}

TEST(Kvm, WithoutHardwareBehindItIsNotUsable) {
    KvmLook look = well();
    look.cpu.clear();
    const Kvm kvm = judge_kvm(look);
    EXPECT_FALSE(kvm.usable);
    EXPECT_EQ(kvm.reason, "/dev/kvm has no hardware behind it (this CPU shows no vmx or svm)");
    look.open_error = EACCES;
    EXPECT_EQ(judge_kvm(look).reason, kvm.reason) << "leave to open it would not help";
}

TEST(Kvm, OnlyX86NeedsTheFlag) {
    EXPECT_TRUE(judge_kvm({.exists = true, .x86 = false}).usable);
}

TEST(Kvm, OtherApiOrFailedMachineIsNotUsable) {
    KvmLook look = well();
    look.api = 11;
    EXPECT_FALSE(judge_kvm(look).usable);
    look = well();
    look.create_error = EBUSY;
    EXPECT_THAT(judge_kvm(look).reason, HasSubstr("another hypervisor"));
    look.create_error = ENOMEM;
    EXPECT_THAT(judge_kvm(look).reason, HasSubstr("Cannot allocate memory"));
}

TEST(Kvm, ReadsTheFlagsOfTheFirstCpu) {
    constexpr std::string_view intel = "processor\t: 0\nflags\t\t: fpu vme vmx est\nvmx flags\t: vnmi\nprocessor\t: 1\nflags\t\t: svm\n";
    EXPECT_EQ(virtualisation_flag(intel), "vmx");
    EXPECT_EQ(virtualisation_flag("flags\t: fpu svm\n"), "svm");
    EXPECT_EQ(virtualisation_flag("flags\t\t: fpu svm"), "svm");
}

TEST(Kvm, TakesNoPartOfAWordForAFlag) {
    EXPECT_EQ(virtualisation_flag("flags\t: fpu xsvm vmx2 vmmcall svm_lock\n"), "");
    EXPECT_EQ(virtualisation_flag("vmx flags\t: vmx svm\n"), "");
    EXPECT_EQ(virtualisation_flag("Features\t: svm\n"), "");
    EXPECT_EQ(virtualisation_flag("flags"), "");
    EXPECT_EQ(virtualisation_flag(""), "");
    EXPECT_TRUE(has_cpu_flag("x\nflags\t: a hypervisor\n", "hypervisor"));
}

TEST(Kvm, ProbeGivesAReasonWhenItSaysNo) {
    const Kvm kvm = probe_kvm("x86_64");
    EXPECT_EQ(kvm.usable, kvm.reason.empty());
}

TEST(Kvm, APassedDescriptorIsJudgedInPlaceOfTheDevice) {
    const Fd other(open("/dev/null", O_RDWR | O_CLOEXEC));
    const Kvm kvm = probe_kvm("aarch64", other.get());  // where no flag of the CPU is asked first
    EXPECT_FALSE(kvm.usable);
    EXPECT_EQ(kvm.reason, "the passed descriptor kvm does not answer as KVM does");
}

TEST(Kvm, ParametersOfModulesAreRead) {
    EXPECT_TRUE(is_switched_on("Y\n"));
    EXPECT_TRUE(is_switched_on("1"));
    EXPECT_FALSE(is_switched_on("N\n"));
    EXPECT_FALSE(is_switched_on("0"));
    EXPECT_FALSE(is_switched_on(""));
}

}  // namespace
}  // namespace vmspawn
