// VSOCK and what travels over it: notifications, ssh, the journal.
#include "base/text.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

FileAnswer device() {
    FileAnswer answer;
    answer.type = FileAnswer::Type::character;
    answer.readable = answer.writable = true;
    return answer;
}

Host host_with(bool kernel, bool helper) {
    Host host = plain_host();
    host.qemu["x86_64"].features.insert({"device/vhost-vsock-pci", "device/vhost-user-vsock-pci"});
    host.files["/dev/vhost-vsock"] = kernel ? device() : FileAnswer();
    host.programs["vhost-device-vsock"] = helper ? "/usr/bin/vhost-device-vsock" : "";
    host.programs["ssh-keygen"] = "/usr/bin/ssh-keygen";
    host.programs["systemd-journal-remote"] = "/usr/lib/systemd/systemd-journal-remote";
    return host;
}

Host host_of_aarch64() {
    Host host = host_with(false, true);
    host.qemu["aarch64"].features.insert("device/vhost-user-vsock-pci");
    return host;
}

Machine machine_with(VsockBackend backend) {
    Machine machine = direct_machine();
    machine.vsock.backend = backend;
    return machine;
}

const Spawn& spawn_of(const Planned& made, std::string_view id) {
    return std::get<Spawn>(made.at(id).up);
}

TEST(Vsock, TheKernelsComesFirst) {
    const Planned made = planned(direct_machine(), host_with(true, true));
    EXPECT_THAT(made.values("-device"), Contains("vhost-vsock-pci,id=vsock0,guest-cid=<vsock:cid>,vhostfd=<vsock:fd>"));
    EXPECT_EQ(std::get<ClaimVsock>(made.at("vsock").up).name, "test");
    EXPECT_EQ(std::get<ListenVsock>(made.at("notify").up).port, 0U) << "others may have any port";
    EXPECT_EQ(std::get<WriteFile>(made.at("vsock-cid").up).name, "cid") << "for vmspawn ssh";
}

TEST(Vsock, APassedDescriptorStandsForTheKernelsDevice) {
    Host host = host_with(false, true);
    host.passed_vsock = true;
    EXPECT_TRUE(std::get<ClaimVsock>(planned(direct_machine(), host).at("vsock").up).passed);
    const Planned made = planned(machine_with(VsockBackend::user), host);
    EXPECT_THAT(made.plan.notices, Contains("the passed descriptor vhost-vsock is closed: vsock.backend is user"));
    Machine without = direct_machine();
    without.vsock.enabled = Want::no;
    EXPECT_THAT(planned(without, host).plan.notices, Contains("the passed descriptor vhost-vsock is closed: vsock.enabled is off"));
}

TEST(Vsock, WithoutTheKernelsAHelperWorksInTheRuntimeDirectory) {
    const Planned made = planned(direct_machine(), host_with(false, true));
    EXPECT_THAT(made.reasons(), Contains("vsock.backend = user because /dev/vhost-vsock does not exist"));
    EXPECT_THAT(made.values("-object"), Contains(HasSubstr("memory-backend-memfd")));
    EXPECT_THAT(made.values("-chardev"), Contains("socket,id=vsock,<vsock-client:chardev>"));
    const Spawn& helper = spawn_of(made, "vsock");
    EXPECT_EQ(helper.directory, "runtime-dir");
    EXPECT_EQ(std::get<MakeClient>(made.at(helper.client).up).socket, "vsock.device");
    EXPECT_EQ(helper.critical, Critical::until_ready);
    EXPECT_EQ(made.at("vsock").ready, Readiness::connected);
    EXPECT_EQ(std::get<ListenVsock>(made.at("notify").up).socket, "vsock_9999");
}

TEST(Vsock, NeitherIsAReasonUnlessItWasAskedFor) {
    const Planned made = planned(direct_machine(), host_with(false, false));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("no vsock, although vsock.enabled = auto, because /dev/vhost-vsock does not exist, and "
                                                   "vhost-device-vsock is not installed")));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("ready at once because there is no vsock")));
    EXPECT_FALSE(made.plan.notify.wait);
    Machine machine = direct_machine();
    machine.vsock.enabled = Want::yes;
    const Planned refused = planned(machine, host_with(false, false));
    EXPECT_THAT(refused.summaries(), ElementsAre(HasSubstr("vsock.enabled: there can be no vsock")));
    EXPECT_EQ(refused.found.status(), EOPNOTSUPP);
}

TEST(Vsock, ADeviceThatMayNotBeOpenedIsNone) {
    Host host = host_with(true, true);
    host.files["/dev/vhost-vsock"].writable = false;
    EXPECT_THAT(planned(direct_machine(), host).reasons(),
                Contains("vsock.backend = user because this user may not open /dev/vhost-vsock"));
    EXPECT_THAT(planned(machine_with(VsockBackend::kernel), host).summaries(), ElementsAre(HasSubstr("vsock.backend: there can be no")));
}

TEST(Vsock, AWishForReadinessNeedsIt) {
    Machine machine = direct_machine();
    machine.origins["ready.notify"] = said_here();
    EXPECT_THAT(planned(machine, host_with(false, false)).summaries(), ElementsAre(HasSubstr("ready.notify: the guest cannot tell")));
    machine.ready.notify = false;
    EXPECT_THAT(planned(machine, host_with(false, false)).summaries(), IsEmpty());
}

TEST(Vsock, QemuWaitsForNoHelperThatItDoesNotNeedToStart) {
    Machine machine = direct_machine();
    machine.journal.forward = "/defs/guest.journal";
    const Planned made = planned(machine, host_with(false, true));
    EXPECT_THAT(made.at("qemu").needs,
                AllOf(Contains("vsock-client"), Not(Contains("vsock")), Not(Contains("ssh-key")), Not(Contains("ssh-host-key")),
                      Not(Contains("journal")), Contains("credential.ssh.ephemeral-authorized_keys-all")));
    EXPECT_THAT(made.at("ssh-key").needs, ElementsAre("runtime-dir"));
    EXPECT_THAT(made.at("ssh-host-key").needs, ElementsAre("runtime-dir"));
    EXPECT_THAT(made.at("vsock").needs, ElementsAre("runtime-dir", "vsock-client"));
    EXPECT_THAT(made.at("journal").needs, ElementsAre("journal-port"));
}

TEST(Vsock, QemuWaitsForTheHelperInACredentialWhereItCan) {
    const Planned made = planned(direct_machine(), host_with(false, true));
    EXPECT_TRUE(std::holds_alternative<MakePipe>(made.at("credential.vmm.notify_socket").up));
    EXPECT_THAT(made.at("credential.vmm.notify_socket.value").needs, Contains("vsock"));
    const auto& fill = std::get<FillPipe>(made.at("credential.vmm.notify_socket.value").up);
    EXPECT_EQ(std::get<Text>(fill.pieces.front()).bytes, "io.systemd.credential:vmm.notify_socket=");
    EXPECT_TRUE(std::holds_alternative<MakeMemory>(planned(direct_machine(), host_with(true, false)).at("credential.vmm.notify_socket").up))
        << "the kernel's device keeps nobody waiting";

    Machine foreign = direct_machine();
    foreign.arch = Arch::aarch64;
    EXPECT_THAT(planned(foreign, host_of_aarch64()).at("qemu").needs, Contains("vsock")) << "fw_cfg is read with the devices";
}

TEST(Ssh, TheKeyOfTheTypeAskedForGoesByAPipe) {
    Machine machine = direct_machine();
    machine.ssh.key_type = "rsa";
    const Planned made = planned(machine, host_with(true, false));
    EXPECT_THAT(to_string(spawn_of(made, "ssh-key").arguments[2]), "rsa");
    EXPECT_EQ(made.at("ssh-key").ready, Readiness::ended);
    EXPECT_EQ(std::get<LinkKey>(made.at("ssh-key-link").up).file, "rsa");
    EXPECT_TRUE(std::holds_alternative<MakePipe>(made.at("credential.ssh.ephemeral-authorized_keys-all").up));
    const auto& fill = std::get<FillPipe>(made.at("credential.ssh.ephemeral-authorized_keys-all.value").up);
    EXPECT_EQ(std::get<RuntimeFile>(fill.pieces.back()).name, "rsa.pub");
}

TEST(Ssh, WithoutSmbiosTheKeysGoByFwCfgAndTheDropInByAWord) {
    Machine machine = direct_machine();
    machine.arch = Arch::aarch64;
    const Planned made = planned(machine, host_of_aarch64());
    EXPECT_THAT(made.values("-fw_cfg"),
                IsSupersetOf({"name=opt/io.systemd.credentials/vmspawn.ssh-key,file=<credential.vmspawn.ssh-key:path>",
                              "name=opt/io.systemd.credentials/vmspawn.ssh-host-key,file=<credential.vmspawn.ssh-host-key:path>"}));
    const std::string words = made.values("-append").front();
    const std::string start = "systemd.set_credential_binary=systemd.unit-dropin.sshd-vsock@.service:";
    ASSERT_THAT(words, HasSubstr(start));
    const std::size_t begin = words.find(start) + start.size();
    const std::string drop_in = base64_decode(words.substr(begin, words.find(' ', begin) - begin)).value_or("");
    EXPECT_THAT(drop_in, AllOf(HasSubstr("ImportCredential=vmspawn.ssh-key\n"), HasSubstr("%d/vmspawn.ssh-key /run/"),
                               HasSubstr("HostKey=%d/vmspawn.ssh-host-key\n")));
    machine.boot.cmdline = {std::string(1400, 'x')};
    EXPECT_EQ(planned(machine, host_of_aarch64()).plan.find("ssh-key"), nullptr);
    EXPECT_THAT(planned(machine, host_of_aarch64()).summaries(), IsEmpty());
    EXPECT_THAT(planned(machine, host_of_aarch64()).reasons(), Contains(HasSubstr("no ssh key because the other words for the kernel")));
}

TEST(Vsock, ASevSnpGuestIsToldOnlyWhatIsMeasured) {
    Machine machine = direct_machine();
    machine.boot.confidential = Confidential::sev_snp;
    machine.kvm = Want::yes;
    machine.boot.firmware = FirmwareKind::uefi;
    machine.mounts = {{.name = "src", .source = "/defs/src", .target = "/src"}};
    Host host = confidential_host();
    const Host other = host_with(false, true);
    host.programs = other.programs;
    host.files.insert(other.files.begin(), other.files.end());
    host.files["/defs/src"].type = FileAnswer::Type::directory;
    host.files["/defs/src"].readable = true;
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {"shared-dir"}};
    host.qemu["x86_64"].features.insert("device/vhost-user-vsock-pci");
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-smbios"), IsEmpty());
    EXPECT_THAT(made.values("-append").front(), HasSubstr("systemd.mount-extra=src:/src:virtiofs:"));
    EXPECT_THAT(made.at("qemu").needs, Contains("vsock"));
    EXPECT_THAT(made.reasons(),
                AllOf(Contains(HasSubstr("told of no notification socket")), Contains(HasSubstr("no ssh key because a SEV-SNP")),
                      Contains(HasSubstr("mount-extra= because SMBIOS is no part of what SEV-SNP measures"))));
    machine.journal.forward = "/defs/guest.journal";
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre("journal.forward: a SEV-SNP guest cannot be told where to"));
}

TEST(Ssh, NoKeyIsMadeThatNobodyCanUse) {
    EXPECT_EQ(planned(direct_machine(), host_with(false, false)).plan.find("ssh-key"), nullptr);
    Machine machine = direct_machine();
    machine.ssh.pass_key = false;
    EXPECT_EQ(planned(machine, host_with(true, false)).plan.find("ssh-key"), nullptr);
    Host host = host_with(true, false);
    host.programs["ssh-keygen"] = "";
    EXPECT_THAT(planned(direct_machine(), host).reasons(), Contains("no ssh key because ssh-keygen is not installed"));
    machine.ssh.pass_key = true;
    machine.origins["ssh.pass-key"] = said_here();
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre("ssh.pass-key: ssh-keygen is not installed"));
}

TEST(Journal, AFileOrADirectory) {
    Machine machine = direct_machine();
    machine.journal.forward = "/defs/guest.journal";
    const Planned file = planned(machine, host_with(false, true));
    EXPECT_EQ(to_string(spawn_of(file, "journal").arguments[1]), "--split-mode=none");
    EXPECT_EQ(spawn_of(file, "journal").activation, "journal-port");
    machine.journal.forward = "/defs/journals";
    EXPECT_EQ(to_string(spawn_of(planned(machine, host_with(false, true)), "journal").arguments[1]), "--split-mode=host");
}

TEST(Journal, LimitsNeedAProgramThatTakesThem) {
    Machine machine = direct_machine();
    machine.journal.forward = "/defs/guest.journal";
    machine.journal.max_use = 1 << 20;
    machine.journal.max_files = 3;
    Host host = host_with(true, false);
    host.programs["systemd-journal-remote --max-use"] = "";
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre(HasSubstr("cannot be told limits")));
    host.programs["systemd-journal-remote --max-use"] = "--max-use";
    const Planned made = planned(machine, host);
    EXPECT_EQ(to_string(spawn_of(made, "journal").arguments[2]), "--max-use=1048576");
    EXPECT_EQ(to_string(spawn_of(made, "journal").arguments[3]), "--max-files=3");
}

TEST(Journal, NeedsAVsockAndItsProgram) {
    Machine machine = direct_machine();
    machine.journal.forward = "/defs/guest.journal";
    EXPECT_THAT(planned(machine, host_with(false, false)).summaries(), ElementsAre(HasSubstr("the journal travels over vsock")));
    Host host = host_with(true, false);
    host.programs["systemd-journal-remote"] = "";
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre("journal.forward: systemd-journal-remote is not installed"));
}

}  // namespace
}  // namespace vmspawn
