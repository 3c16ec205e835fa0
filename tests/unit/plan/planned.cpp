#include "planned.hpp"

#include <cerrno>
#include <stdexcept>

namespace vmspawn {

namespace {

Machine named_machine() {
    Machine machine;
    machine.name = "test";
    machine.directory = "/defs";
    machine.home = "/home/u";
    machine.console.transport = ConsoleTransport::serial;
    return machine;
}

const std::vector<Word>* qemu_words(const Plan& plan) {
    const Resource* qemu = plan.find(plan.qemu);
    return qemu ? &std::get<Spawn>(qemu->up).arguments : nullptr;
}

}  // namespace

Machine direct_machine() {
    Machine machine = named_machine();
    machine.boot.linux_image = "/defs/vmlinuz";
    return machine;
}

Machine disk_machine() {
    Machine machine = named_machine();
    machine.image.path = "/defs/disk.raw";
    machine.boot.firmware = FirmwareKind::bios;
    return machine;
}

Firmware firmware_of(std::string name, std::set<std::string> features) {
    return {.path = "/fw/" + name + ".json",
            .description = "UEFI " + name,
            .interfaces = {"uefi"},
            .executable = {"/fw/" + name + ".fd", "raw"},
            .nvram_template = {"/fw/" + name + "-vars.fd", "raw"},
            .targets = {{"x86_64", {"pc-q35-*"}}, {"aarch64", {"virt-*"}}},
            .features = std::move(features)};
}

Host plain_host() {
    Host host;
    host.arch = "x86_64";
    host.seed = "00112233445566778899aabbccddeeff";
    host.runtime_base = "/run";
    host.state_base = "/var/lib/vmspawn";
    host.console = "terminal";
    host.environment = {{"TERM", "xterm"}};
    host.kvm = {false, "/dev/kvm does not exist", "modprobe kvm"};
    host.qemu["x86_64"] = {"/usr/bin/qemu-system-x86_64",
                           "7.2.22",
                           {"sandbox", "hpet", "netdev/user", "device/pvpanic", "device/vmgenid", "smbios-entry-point-type", "device/nvme",
                            "device/scsi-hd", "device/scsi-cd", "device/virtio-scsi-pci"},
                           ""};
    host.qemu["x86_64"].machines = {{"q35", "pc-q35-7.2"}};
    host.qemu["aarch64"] = {"/usr/bin/qemu-system-aarch64", "7.2.22", {"sandbox", "netdev/user", "device/pvpanic-pci"}, ""};
    host.qemu["riscv64"] = {"/usr/bin/qemu-system-riscv64", "7.2.22", {"sandbox", "netdev/user", "device/pvpanic-pci"}, ""};
    host.qemu["aarch64"].machines = {{"virt", "virt-7.2"}};
    return host;
}

Host aarch64_host() {
    Host host = plain_host();
    host.arch = "aarch64";
    return host;
}

Host confidential_host() {
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = regular_file("1:1");
    host.files["/defs/vmlinuz"].format = "pe";
    host.kvm = {true, "", "", {"sev-snp", "tdx"}};
    host.qemu["x86_64"].features.insert({"object/sev-snp-guest", "object/tdx-guest"});
    Firmware snp = firmware_of("snp", {"amd-sev-snp"}), tdx = firmware_of("tdx", {"intel-tdx"});
    snp.mapping = Firmware::Mapping::stateless;
    tdx.mapping = Firmware::Mapping::memory;
    snp.nvram_template = tdx.nvram_template = {};
    host.firmware = {firmware_of("usual", {"amd-sev-snp", "intel-tdx"}), snp, tdx};
    return host;
}

FileAnswer regular_file(std::string identity, std::uint64_t size) {
    FileAnswer answer;
    answer.type = FileAnswer::Type::regular;
    answer.size = size;
    answer.readable = answer.writable = true;
    answer.identity = std::move(identity);
    answer.format = "raw";
    return answer;
}

Origin said_here() {
    auto source = std::make_shared<Source>(Source{"test.vmspawn", "/defs/test.vmspawn", "\n\nkey = 1\n"});
    return FromFile{std::move(source), {{3, 7}, {3, 8}}};
}

std::vector<std::string> Planned::values(std::string_view flag) const {
    std::vector<std::string> values;
    const std::vector<Word>* words = qemu_words(plan);
    for (std::size_t i = 0; words && i + 1 < words->size(); ++i)
        if (to_string((*words)[i]) == flag)
            values.push_back(to_string((*words)[i + 1]));
    return values;
}

bool Planned::has_word(std::string_view word) const {
    const std::vector<Word>* words = qemu_words(plan);
    for (std::size_t i = 0; words && i < words->size(); ++i)
        if (to_string((*words)[i]) == word)
            return true;
    return false;
}

std::vector<std::string> Planned::reasons() const {
    const Resource* qemu = plan.find(plan.qemu);
    return qemu ? qemu->reasons : std::vector<std::string>();
}

std::vector<std::string> Planned::summaries() const {
    std::vector<std::string> texts;
    for (const Diagnostic& diagnostic : found)
        texts.push_back(diagnostic.summary);
    return texts;
}

std::vector<std::string> words_of(const Plan& plan, std::string_view id) {
    std::vector<std::string> texts;
    for (const Word& word : std::get<Spawn>(plan.find(id)->up).arguments)
        texts.push_back(to_string(word));
    return texts;
}

std::vector<std::string> words_of(const Planned& made, std::string_view id) {
    return words_of(made.plan, id);
}

const Resource& Planned::at(std::string_view id) const {
    const Resource* resource = plan.find(id);
    if (!resource)
        throw std::runtime_error("no resource " + std::string(id));
    return *resource;
}

namespace {

void answer(const Question& question, Host& host) {
    if (!applies(question, host))
        return;
    switch (question.kind) {
        case Question::Kind::file:
        case Question::Kind::disk:
            host.files.emplace(question.subject, regular_file(question.subject));
            break;
        case Question::Kind::tree:
            host.trees.try_emplace(question.subject);
            break;
        case Question::Kind::layout:
            host.layouts.try_emplace(question.subject, DiskLayout{.file_system = "ext4"});
            break;
        case Question::Kind::virtiofsd:
            host.virtiofsd = host.virtiofsd.value_or(Virtiofsd{});
            break;
        case Question::Kind::image_name:
        case Question::Kind::tap_mac:
            break;
        case Question::Kind::user:
            host.users.try_emplace(question.subject, UserAnswer{.error = ENOENT});
            break;
        case Question::Kind::service:
            host.files.try_emplace(service_path(host, question.subject));
            break;
        case Question::Kind::program:
        case Question::Kind::option:
        case Question::Kind::release:
        case Question::Kind::profile:
            host.programs.emplace(question.subject, "");
            break;
        case Question::Kind::state: {
            const std::filesystem::path path = state_path(host, question.subject);
            host.files.emplace(path.string(), FileAnswer{});
            host.files.emplace(path.parent_path().string(), FileAnswer{.type = FileAnswer::Type::directory, .writable = true});
            break;
        }
        case Question::Kind::firmware:
            if (!host.firmware)
                host.firmware = {firmware_of("10-enrolled", {"secure-boot", "requires-smm", "enrolled-keys"}),
                                 firmware_of("20-plain", {"acpi-s3"}), firmware_of("30-secure", {"secure-boot", "requires-smm"})};
            for (const Firmware& firmware : *host.firmware)
                for (const std::string& file : firmware.files())
                    host.files.emplace(file, regular_file(file, 4000));
            break;
    }
}

}  // namespace

Planned planned(const Machine& machine, Host host, const Errand& errand) {
    for (const Question& question : questions(machine))
        answer(question, host);
    Planned result;
    result.plan = make_plan(machine, host, result.found, errand);
    return result;
}

}  // namespace vmspawn
