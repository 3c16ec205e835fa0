#include "definition.hpp"
#include "language/key.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;

/// Every key of the language that reaches a machine; include is spent on the layers.
std::vector<KeyPath> all_keys() {
    std::vector<KeyPath> keys;
    for (const Setting& setting : language().settings())
        if (setting.key != KeyPath{"include"})
            keys.push_back(setting.key);
    return keys;
}

TEST(Decode, ReadsEveryLeafOnceAndNoOther) {
    // The definition has one entry of each kind, so that each pattern is read once.
    Diagnostics found;
    const Decoded decoded = decode(merged(std::string(full_definition)), test_base, found);
    EXPECT_THAT(decoded.read, UnorderedElementsAreArray(all_keys()));
}

TEST(Decode, TheFullDefinitionSaysEveryKey) {
    const Merged full = merged(std::string(full_definition));
    for (const KeyPath& pattern : all_keys())
        EXPECT_TRUE(std::ranges::any_of(full.values, [&](const MergedValue& value) {
            return !std::holds_alternative<FromDefault>(value.node.at) &&
                   &language().find(value.key)->key == &language().find(pattern)->key;
        })) << to_string(pattern);
}

TEST(Decode, TopOfTheFullDefinition) {
    const Machine m = read(std::string(full_definition)).machine;
    EXPECT_EQ(m.name, "full");
    ASSERT_TRUE(m.uuid);
    EXPECT_EQ((*m.uuid)[0], 0x4f);
    EXPECT_EQ((*m.uuid)[15], 0x0e);
    EXPECT_EQ(m.description, "everything");
    EXPECT_EQ(m.arch, Arch::aarch64);
    EXPECT_EQ(m.cpus, 4U);
    EXPECT_EQ(m.memory.size, Bytes{4} << 30);
    EXPECT_EQ(m.memory.max, Bytes{16} << 30);
    EXPECT_EQ(m.memory.slots, 3U);
    EXPECT_EQ(m.kvm, Want::no);
    EXPECT_THAT(m.smbios, ElementsAre("a=b", "c"));
    EXPECT_EQ(m.directory, "/srv/vm");
    EXPECT_EQ(m.home, "/home/ann");
}

TEST(Decode, ImageAndBootOfTheFullDefinition) {
    const Machine m = read(std::string(full_definition)).machine;
    EXPECT_EQ(m.image.path, "/srv/vm/disk.raw");
    EXPECT_EQ(m.image.directory, "/srv/tree");
    EXPECT_EQ(m.image.cache, Cache::never);
    EXPECT_EQ(m.image.format, DiskFormat::qcow2);
    EXPECT_EQ(m.image.backing, std::vector<Path>{"/srv/base.raw"});
    EXPECT_EQ(m.image.disk_type, DiskType::nvme);
    EXPECT_FALSE(m.image.discard);
    EXPECT_EQ(m.image.grow, 8192U);
    EXPECT_TRUE(m.image.ephemeral);
    EXPECT_EQ(m.image.private_users->shift, 100000U);
    EXPECT_EQ(m.image.private_users->range, 1000U);
    EXPECT_EQ(m.boot.linux_image, "/home/ann/vmlinuz");
    EXPECT_THAT(m.boot.initrds, ElementsAre("/srv/vm/a.cpio", "/b.cpio"));
    EXPECT_THAT(m.boot.cmdline, ElementsAre("quiet", "x=\"1 2\""));
    EXPECT_EQ(m.boot.unpack, Want::no);
    EXPECT_EQ(m.boot.firmware, FirmwareKind::descriptor);
    EXPECT_EQ(m.boot.firmware_descriptor, "/srv/vm/fw.json");
    EXPECT_THAT(m.boot.firmware_features, ElementsAre("secure-boot", "~enrolled-keys"));
    EXPECT_EQ(m.boot.secure_boot, Want::yes);
    EXPECT_EQ(m.boot.nvram_template, "/srv/vm/vars.fd");
    EXPECT_EQ(m.boot.nvram_state.kind, StateKind::at);
    EXPECT_EQ(m.boot.nvram_state.path, "/srv/state");
    EXPECT_EQ(m.boot.confidential, Confidential::tdx);
}

TEST(Decode, DevicesOfTheFullDefinition) {
    const Machine m = read(std::string(full_definition)).machine;
    EXPECT_EQ(m.tpm.enabled, Want::yes);
    EXPECT_EQ(m.tpm.state.path, "/home/ann/tpm");
    EXPECT_EQ(m.vsock.enabled, Want::no);
    EXPECT_EQ(m.vsock.cid, 4294967294U);
    EXPECT_EQ(m.vsock.backend, VsockBackend::user);
    ASSERT_EQ(m.networks.size(), 1U);
    EXPECT_EQ(m.networks[0].name, "lan");
    EXPECT_EQ(m.networks[0].kind, NetworkKind::tap);
    ASSERT_EQ(m.networks[0].forwards.size(), 3U);
    EXPECT_EQ(m.networks[0].forwards[2].count, 3);
    EXPECT_EQ(m.networks[0].backend, NetworkBackend::qemu);
    EXPECT_EQ(m.networks[0].forwards[0].bind, "127.0.0.1");
    EXPECT_EQ(m.networks[0].forwards[0].host, 8080);
    EXPECT_EQ(m.networks[0].forwards[0].guest, 80);
    EXPECT_TRUE(m.networks[0].forwards[1].udp);
    EXPECT_EQ(m.networks[0].mac, (std::array<std::uint8_t, 6>{0x52, 0x54, 0, 0x12, 0x34, 0x56}));
    ASSERT_EQ(m.mounts.size(), 1U);
    EXPECT_EQ(m.mounts[0].name, "a b");
    EXPECT_EQ(m.mounts[0].source, "/srv/vm");
    EXPECT_EQ(m.mounts[0].target, "/work");
    EXPECT_TRUE(m.mounts[0].read_only);
    EXPECT_EQ(m.mounts[0].cache, Cache::always);
    ASSERT_EQ(m.drives.size(), 1U);
    EXPECT_EQ(m.drives[0].path, "/srv/vm/data.qcow2");
    EXPECT_EQ(m.drives[0].backing, std::vector<Path>{"/srv/b.raw"});
    EXPECT_EQ(m.drives[0].format, DiskFormat::qcow2);
    EXPECT_EQ(m.drives[0].disk_type, DiskType::scsi_cd);
    EXPECT_TRUE(m.drives[0].read_only);
    EXPECT_FALSE(m.drives[0].discard);
    EXPECT_EQ(m.drives[0].boot_order, 0U);
    EXPECT_EQ(m.console.mode, ConsoleMode::headless);
    EXPECT_EQ(m.console.transport, ConsoleTransport::serial);
    EXPECT_EQ(m.console.background, "44");
    EXPECT_EQ(m.console.log, "/srv/vm/console.log");
}

TEST(Decode, GuestAndHostOfTheFullDefinition) {
    const Machine m = read(std::string(full_definition)).machine;
    EXPECT_THAT(m.users.bind, ElementsAre("ann", "bob"));
    EXPECT_THAT(m.users.groups, ElementsAre("wheel"));
    EXPECT_EQ(std::get<Path>(m.users.shell), "/bin/sh");
    EXPECT_FALSE(m.ssh.pass_key);
    EXPECT_EQ(m.ssh.key_type, "rsa");
    EXPECT_EQ(m.journal.forward, "/srv/vm/guest.journal");
    EXPECT_EQ(m.journal.max_use, Bytes{1} << 30);
    EXPECT_EQ(m.journal.keep_free, 0U);
    EXPECT_EQ(m.journal.max_file_size, Bytes{10} << 20);
    EXPECT_EQ(m.journal.max_files, 7U);
    EXPECT_EQ(m.unit.registered, Want::yes);
    EXPECT_EQ(m.unit.slice, "vm.slice");
    EXPECT_THAT(m.unit.properties, ElementsAre(UnitProperty{"MemoryMax", std::uint64_t{1} << 30}));
    EXPECT_TRUE(m.unit.keep);
    EXPECT_EQ(m.unit.scope, Scope::user);
    EXPECT_FALSE(m.ready.notify);
    EXPECT_EQ(m.ready.timeout_us, 90000000U);
    EXPECT_EQ(m.qemu.binary, "/opt/qemu");
    EXPECT_EQ(m.qemu.cpu, "host,-avx");
    EXPECT_TRUE(m.qemu.legacy_devices);
    EXPECT_EQ(m.qemu.hotplug_ports, 3U);
    EXPECT_THAT(m.qemu.extra, ElementsAre("-d", "guest_errors"));
}

TEST(Decode, DefaultsAreThoseOfTheModel) {
    const Read minimal = read("[image]\npath = \"a.raw\"\n");
    EXPECT_THAT(minimal.problems, ElementsAre());
    const Machine& m = minimal.machine;
    const Machine standard;
    EXPECT_EQ(m.cpus, standard.cpus);
    EXPECT_EQ(m.memory.size, standard.memory.size);
    EXPECT_EQ(m.kvm, standard.kvm);
    EXPECT_EQ(m.image.discard, standard.image.discard);
    EXPECT_EQ(m.boot.firmware, standard.boot.firmware);
    EXPECT_EQ(m.ssh.key_type, standard.ssh.key_type);
    EXPECT_EQ(m.unit.slice, standard.unit.slice);
    EXPECT_EQ(m.ready.notify, standard.ready.notify);
    EXPECT_EQ(m.console.mode, standard.console.mode);
    EXPECT_FALSE(m.console.background);
    EXPECT_FALSE(m.said("console.mode"));
}

TEST(Decode, CredentialsInTheirThreeForms) {
    const Machine m = read(std::string(full_definition), {"--load-credential=given:name"}).machine;
    ASSERT_EQ(m.credentials.size(), 4U);
    EXPECT_EQ(m.credentials[0].id, "text");
    EXPECT_EQ(std::get<CredentialText>(m.credentials[0].source).bytes, "v\nä");
    EXPECT_EQ(std::get<CredentialFile>(m.credentials[1].source).path, "/srv/vm/key.pub");
    EXPECT_EQ(std::get<CredentialText>(m.credentials[2].source).bytes, std::string("\0\xff\xfe", 3));
    EXPECT_EQ(std::get<CredentialInherited>(m.credentials[3].source).name, "name");
    EXPECT_TRUE(m.said(R"(credentials."a.file")"));
}

template <class E>
void expect_words_of_schema(const KeyPath& key) {
    const Setting* setting = language().find(key);
    ASSERT_NE(setting, nullptr) << to_string(key);
    const auto words = words_of<E>();
    EXPECT_EQ(setting->words.empty() ? setting->suggestions : setting->words, std::vector<std::string>(words.begin(), words.end()))
        << to_string(key);
}

TEST(Decode, WordsAreThoseOfTheSchema) {
    expect_words_of_schema<Arch>({"arch"});
    expect_words_of_schema<DiskFormat>({"image", "format"});
    expect_words_of_schema<DiskFormat>({"drive", "a", "format"});
    expect_words_of_schema<DiskType>({"image", "disk-type"});
    expect_words_of_schema<DiskType>({"drive", "a", "disk-type"});
    expect_words_of_schema<Cache>({"image", "cache"});
    expect_words_of_schema<Cache>({"mount", "a", "cache"});
    expect_words_of_schema<FirmwareKind>({"boot", "firmware"});
    expect_words_of_schema<Confidential>({"boot", "confidential"});
    expect_words_of_schema<StateKind>({"tpm", "state"});
    expect_words_of_schema<StateKind>({"boot", "nvram-state"});
    expect_words_of_schema<VsockBackend>({"vsock", "backend"});
    expect_words_of_schema<NetworkKind>({"network", "a", "kind"});
    expect_words_of_schema<NetworkBackend>({"network", "a", "backend"});
    expect_words_of_schema<ConsoleMode>({"console", "mode"});
    expect_words_of_schema<ConsoleTransport>({"console", "transport"});
    expect_words_of_schema<Scope>({"unit", "scope"});
}

TEST(Decode, RunsTheRules) {
    EXPECT_THAT(read("[boot]\ninitrd = [\"a\"]\n").problems, ElementsAre("boot.initrd needs boot.linux"));
    EXPECT_THAT(read("description = \"x\"\n").problems, ElementsAre("there is nothing to boot"));
}

}  // namespace
}  // namespace vmspawn
