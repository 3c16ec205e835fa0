#include "planned.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine uefi_machine() {
    Machine machine = disk_machine();
    machine.boot.firmware = FirmwareKind::automatic;
    return machine;
}

Host with_kernel(std::string format) {
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = regular_file("1:1");
    host.files["/defs/vmlinuz"].format = std::move(format);
    return host;
}

const std::string state = "/defs/disk.raw.efinvramstate";

TEST(Firmware, ADiskStartsFromUefi) {
    const Planned made = planned(uefi_machine());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.reasons(), Contains("firmware = uefi because a disk boots and boot.firmware = auto"));
    EXPECT_THAT(made.reasons(),
                Contains("firmware by 20-plain.json: UEFI 20-plain; not 10-enrolled.json: it has the feature enrolled-keys"));
    EXPECT_EQ(std::get<OpenFile>(made.at("firmware").up).path, "/fw/20-plain.fd");
    EXPECT_FALSE(std::get<OpenFile>(made.at("firmware").up).writable);
    EXPECT_EQ(std::get<KeepFile>(made.at("nvram").up).path, state);
    EXPECT_EQ(std::get<KeepFile>(made.at("nvram").up).source, "/fw/20-plain-vars.fd");
    EXPECT_THAT(made.values("-machine"), ElementsAre("type=q35,pflash0=firmware,pflash1=nvram,hpet=off,smm=off"));
    EXPECT_THAT(made.values("-global"), IsEmpty());
    EXPECT_THAT(made.values("-bios"), IsEmpty());
}

TEST(Firmware, EachChipHasItsOwnFormat) {
    Host host = plain_host();
    host.firmware = {firmware_of("a", {})};
    host.firmware->front().executable.format = "qcow2";
    const auto nodes = planned(uefi_machine(), host).values("-blockdev");
    EXPECT_THAT(nodes, Contains(R"({"driver":"file","node-name":"firmware-file","filename":"/dev/fdset/1","read-only":true})"));
    EXPECT_THAT(nodes, Contains(R"({"driver":"qcow2","node-name":"firmware","file":"firmware-file","read-only":true})"));
    EXPECT_THAT(nodes, Contains(R"({"driver":"file","node-name":"nvram-file","filename":"/dev/fdset/2","read-only":false})"));
    EXPECT_THAT(nodes, Contains(R"({"driver":"raw","node-name":"nvram","file":"nvram-file","read-only":false})"));
}

TEST(Firmware, SecureBootProtectsItsVariables) {
    Machine machine = uefi_machine();
    machine.boot.secure_boot = Want::yes;
    const Planned made = planned(machine);
    EXPECT_EQ(std::get<OpenFile>(made.at("firmware").up).path, "/fw/30-secure.fd");
    EXPECT_THAT(made.values("-machine"), ElementsAre(HasSubstr("smm=on")));
    EXPECT_THAT(made.values("-global"), ElementsAre("driver=cfi.pflash01,property=secure,value=on"));
    machine.boot.firmware_features = {"enrolled-keys"};
    EXPECT_EQ(std::get<OpenFile>(planned(machine).at("firmware").up).path, "/fw/10-enrolled.fd");
    machine.boot.firmware_features = {};
    machine.origins["boot.firmware-features"] = said_here();  // emptied on purpose
    EXPECT_EQ(std::get<OpenFile>(planned(machine).at("firmware").up).path, "/fw/10-enrolled.fd");
}

TEST(Firmware, NoneInstalledNamesThePackage) {
    Host host = plain_host();
    host.firmware.emplace();
    const Planned made = planned(uefi_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("image.path: there is no UEFI firmware for x86_64 guests on this host"));
    EXPECT_EQ(made.found.begin()->hint, "apt install ovmf, or set boot.firmware = \"bios\" for a disk with a BIOS boot loader");
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
    Machine arm = uefi_machine();
    arm.arch = Arch::aarch64;
    EXPECT_EQ(planned(arm, host).found.begin()->hint, "apt install qemu-efi-aarch64");
}

TEST(Firmware, AWishThatNoneMeetsSaysWhyOfEach) {
    Machine machine = uefi_machine();
    machine.boot.firmware_features = {"amd-sev"};
    const Planned made = planned(machine);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.firmware-features: no UEFI firmware of this host serves"));
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
    std::vector<std::string> notes;
    for (const Note& note : made.found.begin()->notes)
        notes.push_back(note.text);
    EXPECT_THAT(notes, ElementsAre("10-enrolled.json: it lacks the feature amd-sev", "20-plain.json: it lacks the feature amd-sev",
                                   "30-secure.json: it lacks the feature amd-sev"));
}

TEST(Firmware, AUnifiedKernelImageStartsFromUefi) {
    const Planned made = planned(direct_machine(), with_kernel("uki"));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-kernel"), ElementsAre("<kernel:path>"));
    EXPECT_THAT(made.values("-append"), IsEmpty());
    EXPECT_EQ(std::get<KeepFile>(made.at("nvram").up).path, "/var/lib/vmspawn/test/efinvramstate");
    for (const FirmwareKind kind : {FirmwareKind::bios, FirmwareKind::none}) {
        Machine machine = direct_machine();
        machine.boot.firmware = kind;
        EXPECT_THAT(planned(machine, with_kernel("uki")).summaries(), ElementsAre(HasSubstr("a unified kernel image does not start")));
    }
}

TEST(Firmware, APlainKernelAsksForUefiOnlyByOtherKeys) {
    EXPECT_EQ(planned(direct_machine(), with_kernel("pe")).plan.find("firmware"), nullptr);
    Machine machine = direct_machine();
    machine.boot.firmware_features = {"~secure-boot"};
    EXPECT_EQ(planned(machine, with_kernel("pe")).plan.find("firmware"), nullptr) << "what is excluded asks for nothing";
    machine.boot.firmware_features = {"~enrolled-keys", "secure-boot"};
    EXPECT_NE(planned(machine, with_kernel("pe")).plan.find("firmware"), nullptr);
    machine.boot.firmware_features.clear();
    machine.boot.secure_boot = Want::yes;
    const Planned made = planned(machine, with_kernel("pe"));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.reasons(), Contains("firmware = uefi because boot.secure-boot asks for it"));
    EXPECT_THAT(made.values("-append"), ElementsAre(HasSubstr("console=ttyS0")));
    EXPECT_THAT(planned(machine, with_kernel("gzip")).summaries(),
                ElementsAre("boot.secure-boot needs UEFI, and the kernel is no EFI program"));
}

TEST(Firmware, WordsOfADiskTravelBySmbios) {
    Machine machine = uefi_machine();
    machine.boot.cmdline = {"quiet", "my=word"};
    const Planned made = planned(machine);
    EXPECT_THAT(made.values("-append"), IsEmpty());
    EXPECT_THAT(made.values("-smbios"), ElementsAre("type=11,path=<smbios.stub-words:path>", "type=11,path=<smbios.boot-words:path>"));
    const auto& pieces = std::get<MakeMemory>(made.at("smbios.stub-words").up).pieces;
    ASSERT_EQ(pieces.size(), 1U);
    EXPECT_EQ(std::get<Text>(pieces[0]).bytes,
              "io.systemd.stub.kernel-cmdline-extra=TERM=xterm systemd.tty.term.ttyS0=xterm console=ttyS0 no_timer_check quiet my=word");
    machine.boot.cmdline = {std::string(2048, 'x')};
    EXPECT_THAT(planned(machine).summaries(), ElementsAre(HasSubstr("the kernel's words are")));
}

TEST(Firmware, Aarch64HasSmbiosWithUefi) {
    Machine machine = uefi_machine();
    machine.smbios = {"a"};
    const Planned made = planned(machine, aarch64_host());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-smbios"), testing::SizeIs(3));
    EXPECT_THAT(made.values("-machine"), ElementsAre("type=virt,pflash0=firmware,pflash1=nvram"));
}

TEST(Firmware, OtherMappings) {
    Host host = plain_host();
    host.firmware = {firmware_of("a", {})};
    Firmware& firmware = host.firmware->front();
    firmware.nvram_template = {};
    firmware.mapping = Firmware::Mapping::stateless;
    const Planned stateless = planned(uefi_machine(), host);
    EXPECT_EQ(stateless.plan.find("nvram"), nullptr);
    EXPECT_THAT(stateless.values("-machine"), ElementsAre("type=q35,pflash0=firmware,hpet=off,smm=off"));
    EXPECT_THAT(stateless.reasons(), Contains("UEFI variables are forgotten because this firmware keeps none"));
    firmware.mapping = Firmware::Mapping::memory;
    EXPECT_THAT(planned(uefi_machine(), host).values("-bios"), ElementsAre("<firmware:path>"));
    firmware.mapping = Firmware::Mapping::combined;
    const Planned combined = planned(uefi_machine(), host);
    EXPECT_EQ(combined.plan.find("firmware"), nullptr);
    EXPECT_EQ(std::get<KeepFile>(combined.at("nvram").up).source, "/fw/a.fd");
    EXPECT_THAT(combined.values("-machine"), ElementsAre("type=q35,pflash0=nvram,hpet=off,smm=off"));
    Machine kept = uefi_machine();
    kept.boot.nvram_state = {StateKind::at, "/defs/vars"};
    firmware.mapping = Firmware::Mapping::stateless;
    EXPECT_THAT(planned(kept, host).summaries(), ElementsAre(HasSubstr("boot.nvram-state: no UEFI firmware of this host serves")));
}

TEST(Firmware, ANamedDescriptorIsTakenButChecked) {
    Machine machine = uefi_machine();
    machine.boot.firmware = FirmwareKind::descriptor;
    machine.boot.firmware_descriptor = "/defs/own.json";
    Host host = plain_host();
    Firmware& own = host.descriptors["/defs/own.json"] = firmware_of("own", {"enrolled-keys"});
    own.targets = {{"x86_64", {"microvm"}}};
    for (const std::string& file : own.files())
        host.files[file] = regular_file(file, 4000);
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(std::get<OpenFile>(made.at("firmware").up).path, "/fw/own.fd");
    own.interfaces = {"bios"};
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre("boot.firmware: ./own.json does not serve"));
    EXPECT_EQ(planned(machine, host).found.begin()->hint, "it is not UEFI");
    own.problem = "it is not JSON";
    EXPECT_EQ(planned(machine, host).found.begin()->hint, "it is not JSON");
    host.files["/defs/own.json"] = FileAnswer{};
    EXPECT_EQ(planned(machine, host).found.status(), ENOENT);
}

TEST(Nvram, OffAndEphemeralLeaveNothing) {
    Machine machine = uefi_machine();
    machine.boot.nvram_state.kind = StateKind::off;
    const auto source = [](const Planned& made) {
        return std::get<FileContent>(std::get<MakeScratch>(made.at("nvram").up).pieces.front()).path;
    };
    EXPECT_EQ(source(planned(machine)), "/fw/20-plain-vars.fd");
    machine = uefi_machine();
    machine.image.ephemeral = true;
    EXPECT_EQ(source(planned(machine)), "/fw/20-plain-vars.fd");
    Host host = plain_host();
    host.files[state] = regular_file("1:9", 4000);
    EXPECT_EQ(source(planned(machine, host)), state);
}

TEST(Nvram, AnUnwritablePlaceForgetsWithAWarning) {
    Host host = plain_host();
    host.files["/defs"] = FileAnswer{.type = FileAnswer::Type::directory, .writable = false};
    const Planned made = planned(uefi_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("UEFI variables will be forgotten: . may not be written"));
    EXPECT_FALSE(made.found.has_errors());
    EXPECT_TRUE(std::holds_alternative<MakeScratch>(made.at("nvram").up));
    Machine machine = uefi_machine();
    machine.boot.nvram_state = {StateKind::at, "/defs/vars"};
    EXPECT_EQ(planned(machine, host).found.status(), EACCES);
    host.state_base.clear();
    Host homeless = with_kernel("uki");
    homeless.state_base.clear();
    EXPECT_THAT(planned(direct_machine(), homeless).summaries(), ElementsAre(HasSubstr("there is no home to keep it in")));
}

TEST(Nvram, OfABlockDeviceStandsElsewhere) {
    Host host = plain_host();
    host.files["/defs/disk.raw"] = regular_file("block 8:0");
    host.files["/defs/disk.raw"].type = FileAnswer::Type::block;
    EXPECT_EQ(std::get<KeepFile>(planned(uefi_machine(), host).at("nvram").up).path, "/var/lib/vmspawn/test/efinvramstate");
}

TEST(Nvram, StateOfAnotherFirmwareIsRefused) {
    Host host = plain_host();
    host.files[state] = regular_file("1:9", 3999);
    const Planned made = planned(uefi_machine(), host);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.nvram-state: ./disk.raw.efinvramstate was made for another firmware"));
    EXPECT_THAT(made.found.begin()->hint, HasSubstr("3999 bytes, and this firmware takes 4000"));
}

TEST(Nvram, AnotherTemplate) {
    Machine machine = uefi_machine();
    machine.boot.nvram_template = "/defs/keys.fd";
    EXPECT_EQ(std::get<KeepFile>(planned(machine).at("nvram").up).source, "/defs/keys.fd");
    Host host = plain_host();
    host.files["/defs/keys.fd"] = FileAnswer{};
    EXPECT_THAT(planned(machine, host).summaries(), Contains("boot.nvram-template: ./keys.fd does not exist"));
}

TEST(Confidential, SevSnp) {
    Machine machine = direct_machine();
    machine.boot.confidential = Confidential::sev_snp;
    machine.credentials = {{"a", CredentialText{"value"}}};
    const Planned made = planned(machine, confidential_host());
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-object"),
                Contains(R"({"qom-type":"sev-snp-guest","id":"snp0","cbitpos":51,"reduced-phys-bits":1,"kernel-hashes":true})"));
    EXPECT_THAT(made.values("-machine"), ElementsAre("type=q35,confidential-guest-support=snp0,kernel-irqchip=split,hpet=off,smm=off"));
    EXPECT_THAT(made.values("-cpu"), ElementsAre("EPYC-v4"));
    EXPECT_THAT(made.values("-bios"), ElementsAre("<firmware:path>"));
    EXPECT_EQ(std::get<OpenFile>(made.at("firmware").up).path, "/fw/snp.fd");
    EXPECT_THAT(made.values("-device"), Not(Contains(HasSubstr("balloon"))));
    EXPECT_THAT(made.values("-smbios"), IsEmpty());
    EXPECT_THAT(made.values("-initrd"), ElementsAre("<initrd:path>"));
    const auto& pieces = std::get<MakeMemory>(made.at("initrd").up).pieces;
    EXPECT_TRUE(std::ranges::any_of(pieces, [](const Piece& piece) {
        const auto* secret = std::get_if<Secret>(&piece);
        return secret && secret->id == "a" && !secret->base64;
    }));
    const std::string first = std::get<Text>(pieces.front()).bytes;
    const std::string zeros(48, '0');
    EXPECT_EQ(first, "07070100000001000041c0000000000000000000000001" + zeros + "0000000700000000.extra" + std::string(1, '\0'));
}

TEST(Confidential, Tdx) {
    Machine machine = uefi_machine();
    machine.boot.confidential = Confidential::tdx;
    machine.smbios = {"measured"};
    Host host = confidential_host();
    host.files["/run/tdx-qgs/qgs.socket"] = FileAnswer{};
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-object"), Contains(R"({"qom-type":"tdx-guest","id":"tdx0","quote-generation-socket":)"
                                                 R"({"type":"vsock","cid":"2","port":"4050"}})"));
    EXPECT_THAT(made.values("-cpu"), ElementsAre("host"));
    EXPECT_THAT(made.values("-bios"), ElementsAre("<firmware:path>"));
    EXPECT_THAT(made.values("-smbios"), testing::SizeIs(3));
    host.files["/run/tdx-qgs/qgs.socket"].type = FileAnswer::Type::socket;
    EXPECT_THAT(planned(machine, host).values("-object"), Contains(HasSubstr(R"({"type":"unix","path":"/run/tdx-qgs/qgs.socket"})")));
}

TEST(Confidential, IsRefusedWithTheReason) {
    Machine machine = uefi_machine();
    machine.boot.confidential = Confidential::tdx;
    EXPECT_THAT(planned(machine).summaries(), Contains("boot.confidential = \"tdx\" cannot be: /dev/kvm does not exist"));
    EXPECT_EQ(planned(machine).found.status(), EOPNOTSUPP);
    Host host = confidential_host();
    host.kvm.confidential.clear();
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre(HasSubstr("the KVM of this host does not offer tdx")));
    host = confidential_host();
    host.qemu["x86_64"].features.erase("object/tdx-guest");
    EXPECT_THAT(planned(machine, host).summaries(), ElementsAre(HasSubstr("QEMU 7.2.22 does not know it")));
    host = confidential_host();
    host.firmware->pop_back();
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.confidential: no UEFI firmware of this host serves"));
    EXPECT_EQ(made.found.begin()->notes.front().text, "usual.json: it keeps variables, which nobody measures");
}

}  // namespace
}  // namespace vmspawn
