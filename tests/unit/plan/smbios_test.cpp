#include "plan/print.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine with_credential(std::string id, decltype(Credential::source) source) {
    Machine machine = direct_machine();
    machine.credentials = {{std::move(id), std::move(source)}};
    return machine;
}

const std::vector<Piece>& pieces(const Planned& made, std::string_view id) {
    return std::get<MakeMemory>(made.at(id).up).pieces;
}

TEST(Smbios, StringsTravelInMemoryFiles) {
    Machine machine = direct_machine();
    machine.smbios = {"a=1, 2", "b=2"};
    const Planned made = planned(machine);
    EXPECT_THAT(made.values("-smbios"), ElementsAre("type=11,path=<smbios.0:path>", "type=11,path=<smbios.1:path>"));
    EXPECT_EQ(std::get<Text>(pieces(made, "smbios.0").at(0)).bytes, "a=1, 2");
}

TEST(Smbios, ACredentialSpeltByHandIsASecretToo) {
    Machine machine = direct_machine();
    machine.smbios = {"io.systemd.credential:foo=geheim", "io.systemd.credential.binary:bar=Z2VoZWlt", "io.systemd.credential:odd"};
    const Planned made = planned(machine);
    const auto& plain = std::get<Secret>(pieces(made, "smbios.0").at(1));
    EXPECT_EQ(plain.id + plain.bytes, "foogeheim");
    EXPECT_FALSE(plain.base64);
    const auto& binary = std::get<Secret>(pieces(made, "smbios.1").at(1));
    EXPECT_EQ(binary.id + binary.bytes, "bargeheim");
    EXPECT_TRUE(binary.base64);
    EXPECT_THAT(pieces(made, "smbios.2"), testing::SizeIs(1));
    EXPECT_THAT(plan_text(made.plan), Not(HasSubstr("geheim")));
}

TEST(Smbios, CredentialsAreSentInBase64) {
    const Planned made = planned(with_credential("foo", CredentialText{"value"}));
    EXPECT_THAT(made.values("-smbios"), ElementsAre("type=11,path=<credential.foo:path>"));
    EXPECT_EQ(std::get<Text>(pieces(made, "credential.foo").at(0)).bytes, "io.systemd.credential.binary:foo=");
    const auto& secret = std::get<Secret>(pieces(made, "credential.foo").at(1));
    EXPECT_EQ(secret.bytes, "value");
    EXPECT_TRUE(secret.base64);
}

TEST(Smbios, CredentialFilesAreReadWhenTheMachineStarts) {
    const Planned made = planned(with_credential("foo", CredentialFile{"/defs/foo.txt"}));
    const auto& file = std::get<FileContent>(pieces(made, "credential.foo").at(1));
    EXPECT_EQ(file.path, "/defs/foo.txt");
    EXPECT_EQ(file.credential, "foo");
}

TEST(Smbios, InheritedCredentialsComeFromTheServiceManager) {
    const Machine machine = with_credential("foo", CredentialInherited{"given"});
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("credentials.foo: vmspawn was given no credential 'given'"));
    EXPECT_EQ(planned(machine).found.status(), ENOENT);
    Host host = plain_host();
    host.environment["CREDENTIALS_DIRECTORY"] = "/run/credentials/x";
    EXPECT_EQ(std::get<FileContent>(pieces(planned(machine, host), "credential.foo").at(1)).path, "/run/credentials/x/given");
}

TEST(Smbios, LargeTablesGetTheWiderEntryPointWithUefi) {
    Machine machine = disk_machine();
    machine.boot.firmware = FirmwareKind::automatic;
    machine.credentials = {{"a", CredentialText{std::string(45000, 'x')}}};
    EXPECT_THAT(planned(machine).values("-machine"), Not(Contains(HasSubstr("64"))));
    machine.credentials = {{"a", CredentialText{std::string(47000, 'x')}}};
    const Planned made = planned(machine);
    EXPECT_THAT(made.values("-machine"), ElementsAre(HasSubstr("smbios-entry-point-type=64")));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("pass 60 KiB")));

    Host host = plain_host();
    host.qemu["x86_64"].features.erase("smbios-entry-point-type");
    EXPECT_THAT(planned(machine, host).values("-fw_cfg"), ElementsAre("name=opt/io.systemd.credentials/a,file=<credential.a:path>"));
}

TEST(Smbios, WithoutUefiWhatIsTooMuchGoesByFwCfg) {
    Machine machine = with_credential("a", CredentialFile{"/defs/a"});
    machine.credentials.push_back({"b", CredentialText{"x"}});
    Host host = plain_host();
    host.files["/defs/a"] = regular_file("1:1", 100000);
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.values("-fw_cfg"), ElementsAre("name=opt/io.systemd.credentials/a,file=<credential.a:path>"));
    EXPECT_THAT(made.values("-smbios"), ElementsAre("type=11,path=<credential.b:path>"));
    EXPECT_THAT(made.reasons(), Contains("credential a travels by fw_cfg because SMBIOS ends at 64 KiB without UEFI firmware"));
    machine.credentials.front().id = "a.name.longer.than.fw_cfg.takes";
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre(HasSubstr("strings and credentials pass 60 KiB together")));
}

TEST(Smbios, ArmWithoutUefiTakesCredentialsByFwCfg) {
    const Planned made = planned(with_credential("foo", CredentialText{"value"}), aarch64_host());
    EXPECT_THAT(made.values("-smbios"), IsEmpty());
    EXPECT_THAT(made.values("-fw_cfg"), ElementsAre("name=opt/io.systemd.credentials/foo,file=<credential.foo:path>"));
    EXPECT_FALSE(std::get<Secret>(pieces(made, "credential.foo").at(0)).base64);
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("by fw_cfg")));
}

TEST(Smbios, FwCfgNamesAreShort) {
    const Planned made = planned(with_credential(std::string(29, 'x'), CredentialText{"value"}), aarch64_host());
    EXPECT_EQ(made.found.begin()->hint, "at most 28 characters");
    EXPECT_THAT(planned(with_credential(std::string(28, 'x'), CredentialText{"value"}), aarch64_host()).summaries(), IsEmpty());
}

TEST(Smbios, StringsThatCannotArriveWarn) {
    Machine machine = direct_machine();
    machine.smbios = {"a=1"};
    const Planned made = planned(machine, aarch64_host());
    EXPECT_THAT(made.summaries(), ElementsAre("smbios[0] does not reach the guest"));
    EXPECT_FALSE(made.found.has_errors());
    EXPECT_EQ(made.plan.find("smbios.0"), nullptr);
}

}  // namespace
}  // namespace vmspawn
