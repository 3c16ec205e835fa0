#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Questions, AskAboutEveryPathOnce) {
    Machine machine = disk_machine();
    machine.boot.linux_image = "/defs/vmlinuz";
    machine.boot.initrds = {"/defs/a.img", "/defs/a.img"};
    Drive drive;
    drive.name = "my data";
    drive.path = "/defs/data.raw";
    machine.drives = {drive};
    machine.mounts = {{"src", "/defs/src", "/work", false}};
    machine.credentials = {{"a.b", CredentialFile{"/home/u/key"}}, {"c", CredentialText{"/not/a/path"}}};
    machine.origins[R"(drive."my data".path)"] = said_here();

    machine.tpm.enabled = Want::no;
    machine.unit.scope = Scope::user;
    std::vector<std::string> subjects;
    for (const Question& question : questions(machine))
        subjects.push_back(question.subject);
    EXPECT_THAT(subjects,
                ElementsAre("/defs/disk.raw", "/defs/data.raw", "/defs/vmlinuz", "/defs/disk.raw", "/defs/a.img", "/defs/src", "virtiofsd",
                            "newuidmap", "newgidmap", "/dev/vhost-vsock", "vhost-device-vsock", "ssh-keygen", "systemd/private", "bus",
                            "/usr/share/dbus-1/services/org.freedesktop.machine1.service", "systemd/machine/io.systemd.Machine",
                            "/run/systemd/machine/io.systemd.Machine", "/run/dbus/system_bus_socket",
                            "/usr/share/dbus-1/system-services/org.freedesktop.login1.service", "/home/u/key"));
    EXPECT_TRUE(std::holds_alternative<FromFile>(questions(machine).at(1).because));
}

TEST(Planner, AnUnansweredQuestionIsNamed) {
    Diagnostics found;
    Machine machine = direct_machine();
    machine.vsock.enabled = Want::no;
    machine.tpm.enabled = Want::no;
    machine.unit.registered = Want::no;
    machine.unit.scope = Scope::system;
    make_plan(machine, plain_host(), found);
    std::vector<std::string> summaries;
    for (const Diagnostic& problem : found)
        summaries.push_back(problem.summary);
    EXPECT_THAT(summaries, ElementsAre("the record of the host has no answer about ./vmlinuz",
                                       "the record of the host has no answer about its service manager: /run/systemd/system",
                                       "the record of the host has no answer about its service manager: /run/dbus/system_bus_socket",
                                       "the record of the host has no answer about its service manager: "
                                       "/usr/share/dbus-1/system-services/org.freedesktop.login1.service"));
}

TEST(Planner, AGuestWithoutItsQemuIsRefused) {
    Host host = plain_host();
    host.qemu["x86_64"].problem = "qemu-system-x86_64 is not installed";
    const Planned made = planned(direct_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("no QEMU for x86_64 guests: qemu-system-x86_64 is not installed"));
    EXPECT_EQ(made.found.begin()->hint, "apt install qemu-system-x86");
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
    host.qemu.clear();
    EXPECT_EQ(planned(direct_machine(), host).found.status(), EOPNOTSUPP);
}

TEST(Planner, AHostOfUnknownArchitectureIsRefused) {
    Host host = plain_host();
    host.arch = "s390x";
    EXPECT_EQ(planned(direct_machine(), host).found.status(), EOPNOTSUPP);
}

TEST(Planner, NativeIsTheHosts) {
    Machine machine = direct_machine();
    EXPECT_EQ(guest_arch(machine, aarch64_host()), "aarch64");
    machine.arch = Arch::riscv64;
    EXPECT_EQ(guest_arch(machine, aarch64_host()), "riscv64");
}

TEST(Planner, QemuComesLastAndGreets) {
    const Planned made = planned(direct_machine());
    const Resource& qemu = made.plan.resources.back();
    EXPECT_EQ(qemu.id, "qemu");
    EXPECT_EQ(qemu.ready, Readiness::greeting);
    EXPECT_EQ(std::get<Spawn>(qemu.up).program, "/usr/bin/qemu-system-x86_64");
    EXPECT_EQ(std::get<Spawn>(qemu.up).death_signal, 15);
    EXPECT_THAT(check_order(made.plan.resources), IsEmpty());
}

TEST(Planner, QemuNeedsTheNameAndWhatItMentions) {
    EXPECT_THAT(planned(direct_machine()).at("qemu").needs, ElementsAre("runtime-dir", "qmp", "console", "kernel"));
}

TEST(Planner, TheNameIsClaimedBelowTheRuntimeDirectory) {
    const Planned made = planned(direct_machine());
    const auto& claim = std::get<ClaimName>(made.at("runtime-dir").up);
    EXPECT_EQ(claim.base, "/run");
    EXPECT_EQ(claim.name, "test");
}

TEST(Extra, WordsOfTheUserComeLast) {
    Machine machine = direct_machine();
    machine.qemu.extra = {"-device", "nvme,drive=a b"};
    Host host = plain_host();
    host.environment["SYSTEMD_VMSPAWN_QEMU_EXTRA"] = "-snapshot 'x y'";
    const Planned made = planned(machine, host);
    const auto& words = std::get<Spawn>(made.at("qemu").up).arguments;
    std::vector<std::string> last;
    for (std::size_t i = words.size() - 4; i < words.size(); ++i)
        last.push_back(to_string(words[i]));
    EXPECT_THAT(last, ElementsAre("-device", "nvme,drive=a b", "-snapshot", "x y"));
}

TEST(Extra, ABadlyQuotedVariableIsRefused) {
    Host host = plain_host();
    host.environment["SYSTEMD_VMSPAWN_QEMU_EXTRA"] = "'open";
    EXPECT_THAT(planned(direct_machine(), host).summaries(), ElementsAre(HasSubstr("$SYSTEMD_VMSPAWN_QEMU_EXTRA is not quoted")));
}

}  // namespace
}  // namespace vmspawn
