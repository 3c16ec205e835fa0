#include "unit/plan/planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Host with_swtpm(Host host = plain_host()) {
    for (const char* program : {"swtpm", "swtpm_setup", "swtpm_localca"})
        host.programs[program] = std::string("/usr/bin/") + program;
    host.qemu["x86_64"].features.insert("device/tpm-tis");
    host.qemu["aarch64"].features.insert("device/tpm-tis-device");
    return host;
}

TEST(PlanTpm, IsThereWhereSwtpmIs) {
    const Planned made = planned(disk_machine(), with_swtpm());
    EXPECT_EQ(std::get<KeepDirectory>(made.at("tpm-state").up).path, "/defs/disk.raw.tpmstate");
    EXPECT_THAT(made.at("tpm-setup").needs, ElementsAre("tpm-state"));
    EXPECT_THAT(made.at("tpm").needs, ElementsAre("tpm-state", "tpm-setup", "tpm-socket"));
    EXPECT_THAT(words_of(made, "tpm"), ElementsAre("socket", "--tpm2", "--tpmstate", "dir=<tpm-state:path>,mode=0600", "--ctrl",
                                                   "type=unixio,clientfd=<tpm-socket:fd>", "--terminate"));
    EXPECT_THAT(made.values("-chardev"), Contains("socket,id=chrtpm,<tpm-socket:chardev>"));
    EXPECT_THAT(made.values("-device"), Contains(R"({"driver":"tpm-tis","id":"tpmdev0","tpmdev":"tpm0"})"));
    EXPECT_THAT(made.at("qemu").needs, Contains("tpm-socket"));
    EXPECT_THAT(made.at("qemu").needs, Not(Contains("tpm")));
}

TEST(PlanTpm, TheNewestProfileOfSwtpmSetupIsMade) {
    EXPECT_THAT(words_of(planned(disk_machine(), with_swtpm()), "tpm-setup"), Not(Contains("--profile-name")));
    Host host = with_swtpm();
    host.programs["swtpm_setup --profile-name"] = "default-v2";
    const Planned made = planned(disk_machine(), host);
    EXPECT_THAT(words_of(made, "tpm-setup"), testing::IsSupersetOf({"--profile-name", "default-v2"}));
    EXPECT_THAT(made.at("tpm-setup").reasons, Contains("profile = default-v2 because it is the newest that this swtpm_setup offers"));
}

TEST(PlanTpm, OnlyAutoDoesWithout) {
    Machine machine = disk_machine();
    EXPECT_EQ(planned(machine, with_swtpm()).at("tpm").on_failure, OnFailure::drop_words);
    machine.tpm.enabled = Want::yes;
    EXPECT_EQ(planned(machine, with_swtpm()).at("tpm").on_failure, OnFailure::stop);
    machine.tpm.enabled = Want::no;
    EXPECT_EQ(planned(machine, with_swtpm()).plan.find("tpm"), nullptr);
}

TEST(PlanTpm, MissingSwtpmIsAReasonOrAnError) {
    Machine machine = disk_machine();
    EXPECT_THAT(planned(machine).reasons(), Contains("no TPM, although tpm.enabled = auto, because swtpm is not installed"));
    machine.tpm.enabled = Want::yes;
    const Planned made = planned(machine);
    ASSERT_EQ(made.found.size(), 1U);
    EXPECT_EQ(made.found.begin()->error, EOPNOTSUPP);
    EXPECT_THAT(made.found.begin()->hint, HasSubstr("apt install swtpm"));
}

TEST(PlanTpm, QemuWithoutTheDeviceAndArchitecturesWithoutOne) {
    Host host = with_swtpm();
    host.qemu["x86_64"].features.erase("device/tpm-tis");
    EXPECT_THAT(planned(disk_machine(), host).reasons(), Contains(HasSubstr("this QEMU has no tpm-tis device")));
    Machine machine = direct_machine();
    machine.arch = Arch::riscv64;
    EXPECT_THAT(planned(machine, with_swtpm()).reasons(), Contains(HasSubstr("a riscv64 guest can have none")));
    machine.arch = Arch::aarch64;
    EXPECT_THAT(planned(machine, with_swtpm()).values("-device"), Contains(HasSubstr("\"tpm-tis-device\"")));
}

TEST(PlanTpm, SetupRunsForANewStateOnly) {
    Host host = with_swtpm();
    host.files["/defs/disk.raw.tpmstate"] = {.type = FileAnswer::Type::directory, .readable = true, .writable = true};
    EXPECT_NE(planned(disk_machine(), host).plan.find("tpm-setup"), nullptr) << "an empty directory holds no TPM";
    host.files["/defs/disk.raw.tpmstate/tpm2-00.permall"] = regular_file("1:2");
    const Planned made = planned(disk_machine(), host);
    EXPECT_EQ(made.plan.find("tpm-setup"), nullptr);
    EXPECT_THAT(made.at("tpm").needs, ElementsAre("tpm-state", "tpm-socket"));
}

TEST(PlanTpm, SetupMayBeMissingOrFail) {
    Host host = with_swtpm();
    EXPECT_EQ(planned(disk_machine(), host).at("tpm-setup").on_failure, OnFailure::go_on);
    host.programs["swtpm_localca"] = "";
    EXPECT_THAT(words_of(planned(disk_machine(), host), "tpm-setup"), Not(Contains("--create-ek-cert")));
    host.programs["swtpm_setup"] = "";
    const Planned made = planned(disk_machine(), host);
    EXPECT_NE(made.plan.find("tpm"), nullptr);
    EXPECT_THAT(made.plan.notices, Contains(HasSubstr("swtpm_setup is not installed")));
}

TEST(PlanTpm, StateStandsWhereItIsSaid) {
    Machine machine = direct_machine();
    EXPECT_EQ(std::get<KeepDirectory>(planned(machine, with_swtpm()).at("tpm-state").up).path, "/var/lib/vmspawn/test/tpmstate");
    machine.tpm.state = {StateKind::at, "/srv/tpm"};
    EXPECT_EQ(std::get<KeepDirectory>(planned(machine, with_swtpm()).at("tpm-state").up).path, "/srv/tpm");
    machine.tpm.state.kind = StateKind::off;
    const Planned off = planned(machine, with_swtpm());
    EXPECT_EQ(std::get<KeepDirectory>(off.at("tpm-state").up).path, "");
    EXPECT_THAT(off.at("tpm-state").needs, ElementsAre("runtime-dir"));
    EXPECT_EQ(off.plan.find("tpm-setup"), nullptr);
    Machine ephemeral = disk_machine();
    ephemeral.image.ephemeral = true;
    EXPECT_THAT(planned(ephemeral, with_swtpm()).at("tpm-state").reasons, Contains(HasSubstr("image.ephemeral = true")));
}

TEST(PlanTpm, UnwritableStateIsForgottenWithAWarningOrRefused) {
    Host host = with_swtpm();
    host.files["/defs"] = {.type = FileAnswer::Type::directory, .readable = true, .writable = false};
    const Planned made = planned(disk_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre(HasSubstr("what the TPM holds will be forgotten: . may not be written")));
    EXPECT_EQ(std::get<KeepDirectory>(made.at("tpm-state").up).path, "");
    Machine machine = disk_machine();
    machine.tpm.state = {StateKind::at, "/defs/tpm"};
    const Planned refused = planned(machine, host);
    ASSERT_EQ(refused.found.size(), 1U);
    EXPECT_EQ(refused.found.begin()->error, EACCES);
}

TEST(PlanTpm, KernelWithAnInitrdUnpacksItselfThen) {
    Machine machine = direct_machine();
    machine.boot.initrds = {"/defs/initrd"};
    Host host = with_swtpm();
    host.files["/defs/vmlinuz"] = regular_file("1:1");
    host.files["/defs/vmlinuz"].format = "pe";
    host.files["/defs/vmlinuz"].payload = KernelPayload{"lz4", 10, 20};
    EXPECT_TRUE(std::holds_alternative<OpenFile>(planned(machine, host).at("kernel").up));
    machine.boot.unpack = Want::yes;
    const Planned unpacked = planned(machine, host);
    EXPECT_THAT(unpacked.summaries(), IsEmpty());
    EXPECT_EQ(unpacked.plan.find("tpm"), nullptr);
    EXPECT_TRUE(std::holds_alternative<UnpackKernel>(unpacked.at("kernel").up));
    machine.tpm.enabled = Want::no;
    machine.boot.unpack = Want::if_possible;
    EXPECT_TRUE(std::holds_alternative<UnpackKernel>(planned(machine, host).at("kernel").up));
}

TEST(Without, LeavesNoTraceOfTheTpm) {
    const Planned made = planned(disk_machine(), with_swtpm());
    const Plan rest = without(made.plan, "tpm");
    EXPECT_EQ(check_order(rest.resources), "");
    for (const char* gone : {"tpm", "tpm-setup", "tpm-state", "tpm-socket"})
        EXPECT_EQ(rest.find(gone), nullptr) << gone;
    EXPECT_EQ(rest.resources.size() + 4, made.plan.resources.size());
    EXPECT_THAT(words_of(rest, "qemu"), Not(Contains(HasSubstr("tpm"))));
    EXPECT_THAT(rest.find("qemu")->needs, Not(Contains("tpm-socket")));
    EXPECT_THAT(rest.find("qemu")->needs, Contains("runtime-dir"));
}

TEST(Without, KeepsWhatOthersNeed) {
    Machine machine = disk_machine();
    machine.tpm.state.kind = StateKind::off;
    const Plan rest = without(planned(machine, with_swtpm()).plan, "tpm");
    EXPECT_NE(rest.find("runtime-dir"), nullptr);
    EXPECT_EQ(rest.find("tpm-state"), nullptr);
}

}  // namespace
}  // namespace vmspawn
