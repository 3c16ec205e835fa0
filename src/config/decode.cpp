#include "config/decode.hpp"

#include "base/text.hpp"
#include "config/reader.hpp"
#include "language/formats.hpp"
#include "language/key.hpp"
#include "model/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

void read_top(Reading& reading, Machine& m) {
    TableReader table{reading, ""};
    table.get("name", m.name);
    table.get("uuid", m.uuid);
    table.get("description", m.description);
    table.get("arch", m.arch);
    table.get("cpus", m.cpus);
    table.get("ram", m.memory.size);
    table.get("ram-max", m.memory.max);
    table.get("ram-slots", m.memory.slots);
    table.get("kvm", m.kvm);
    table.get("smbios", m.smbios);
}

void read_image(Reading& reading, Image& image) {
    TableReader table{reading, "image"};
    table.get("path", image.path);
    table.get("directory", image.directory);
    table.get("format", image.format);
    table.get("backing", image.backing);
    table.get("disk-type", image.disk_type);
    table.get("discard", image.discard);
    table.get("grow", image.grow);
    table.get("ephemeral", image.ephemeral);
    table.get("private-users", image.private_users);
    table.get("cache", image.cache);
}

void read_boot(Reading& reading, Boot& boot) {
    TableReader table{reading, "boot"};
    table.get("linux", boot.linux_image);
    table.get("initrd", boot.initrds);
    table.get("cmdline", boot.cmdline);
    table.get("unpack", boot.unpack);
    table.get_firmware("firmware", boot.firmware, boot.firmware_descriptor);
    table.get("firmware-features", boot.firmware_features);
    table.get("secure-boot", boot.secure_boot);
    table.get("nvram-template", boot.nvram_template);
    table.get("nvram-state", boot.nvram_state);
    table.get("confidential", boot.confidential);
}

void read_devices(Reading& reading, Machine& m) {
    TableReader tpm{reading, "tpm"};
    tpm.get("enabled", m.tpm.enabled);
    tpm.get("state", m.tpm.state);
    TableReader vsock{reading, "vsock"};
    vsock.get("enabled", m.vsock.enabled);
    vsock.get("cid", m.vsock.cid);
    vsock.get("backend", m.vsock.backend);
    TableReader console{reading, "console"};
    console.get("mode", m.console.mode);
    console.get("transport", m.console.transport);
    console.get("background", m.console.background);
    console.get("log", m.console.log);
}

Network read_network(Reading& reading, const std::string& name) {
    Network network{.name = name};
    TableReader table{reading, "network", name};
    table.get("kind", network.kind);
    table.get("backend", network.backend);
    table.get("forward", network.forwards);
    table.get("mac", network.mac);
    return network;
}

Mount read_mount(Reading& reading, const std::string& name) {
    Mount mount{.name = name};
    TableReader table{reading, "mount", name};
    table.get("source", mount.source);
    mount.target = mount.source;
    table.get("target", mount.target);
    table.get("read-only", mount.read_only);
    table.get("cache", mount.cache);
    return mount;
}

Drive read_drive(Reading& reading, const std::string& name) {
    Drive drive{.name = name};
    TableReader table{reading, "drive", name};
    table.get("path", drive.path);
    table.get("format", drive.format);
    table.get("backing", drive.backing);
    table.get("disk-type", drive.disk_type);
    table.get("read-only", drive.read_only);
    table.get("discard", drive.discard);
    table.get("boot-order", drive.boot_order);
    return drive;
}

void read_guest(Reading& reading, Machine& m) {
    TableReader users{reading, "users"};
    users.get("bind", m.users.bind);
    users.get("shell", m.users.shell);
    users.get("groups", m.users.groups);
    TableReader ssh{reading, "ssh"};
    ssh.get("pass-key", m.ssh.pass_key);
    ssh.get("key-type", m.ssh.key_type);
    TableReader journal{reading, "journal"};
    journal.get("forward", m.journal.forward);
    journal.get("max-use", m.journal.max_use);
    journal.get("keep-free", m.journal.keep_free);
    journal.get("max-file-size", m.journal.max_file_size);
    journal.get("max-files", m.journal.max_files);
}

void read_host(Reading& reading, Machine& m) {
    TableReader unit{reading, "unit"};
    unit.get("register", m.unit.registered);
    unit.get("slice", m.unit.slice);
    unit.get("properties", m.unit.properties);
    unit.get("keep", m.unit.keep);
    unit.get("scope", m.unit.scope);
    TableReader ready{reading, "ready"};
    ready.get("notify", m.ready.notify);
    ready.get_span("timeout", m.ready.timeout_us);
    TableReader qemu{reading, "qemu"};
    qemu.get("binary", m.qemu.binary);
    qemu.get("cpu", m.qemu.cpu);
    qemu.get("legacy-devices", m.qemu.legacy_devices);
    qemu.get("hotplug-ports", m.qemu.hotplug_ports);
    qemu.get("extra", m.qemu.extra);
}

std::variant<CredentialText, CredentialFile, CredentialInherited> credential_source(const Reading& reading, const Node& node) {
    if (const auto* text = std::get_if<std::string>(&node.value))
        return CredentialText{*text};
    const auto* table = std::get_if<Table>(&node.value);
    const auto member = [table](std::string_view name) -> const Node* {
        const Entry* entry = table != nullptr ? table->find(name) : nullptr;
        return entry != nullptr && std::holds_alternative<std::string>(entry->node.value) ? &entry->node : nullptr;
    };
    if (const Node* file = member("file"))
        return CredentialFile{reading.path(std::get<std::string>(file->value), file->at)};
    if (const Node* name = member("inherited"))
        return CredentialInherited{std::get<std::string>(name->value)};
    if (const Node* base64 = member("base64"))
        if (const auto bytes = base64_decode(std::get<std::string>(base64->value)))
            return CredentialText{*bytes};
    reading.found.add(error("a credential is a text, { file = PATH } or { base64 = TEXT }", node.at));
    return CredentialText{};
}

std::vector<Credential> read_credentials(Reading& reading) {
    std::vector<Credential> credentials;
    reading.read.push_back({"credentials", "*"});
    for (const std::string& id : reading.merged.names("credentials")) {
        const MergedValue* value = reading.merged.find({"credentials", id});
        if (value == nullptr)
            continue;
        reading.machine.origins[entry_key("credentials", id)] = value->node.at;
        credentials.push_back({id, credential_source(reading, value->node)});
    }
    return credentials;
}

template <class Part>
std::vector<Part> read_entries(Reading& reading, std::string_view table, Part (*read)(Reading&, const std::string&)) {
    std::vector<Part> parts;
    const auto entries = reading.merged.entries.find(table);
    if (entries == reading.merged.entries.end())
        return parts;
    for (const MergedEntry& entry : entries->second) {
        parts.push_back(read(reading, entry.name));
        reading.machine.origins[entry_key(table, entry.name)] = entry.at;
    }
    return parts;
}

void read_machine(Reading& reading) {
    Machine& m = reading.machine;
    read_top(reading, m);
    read_image(reading, m.image);
    read_boot(reading, m.boot);
    read_devices(reading, m);
    m.networks = read_entries(reading, "network", read_network);
    m.mounts = read_entries(reading, "mount", read_mount);
    m.drives = read_entries(reading, "drive", read_drive);
    read_guest(reading, m);
    m.credentials = read_credentials(reading);
    read_host(reading, m);
}

/// Reference A.5: a user or group named twice counts once.
void drop_repeated(std::vector<std::string>& names) {
    std::vector<std::string> once;
    for (std::string& name : names)
        if (std::ranges::find(once, name) == once.end())
            once.push_back(std::move(name));
    names = std::move(once);
}

void round_grow(Machine& m, Diagnostics& found) {
    constexpr Bytes block = 4096;
    if (!m.image.grow)
        return;
    if (*m.image.grow > UINT64_MAX - (block - 1))
        found.add(error("image.grow is too large", m.origin_of("image.grow")).with_hint("it is rounded up to 4096 bytes"));
    else
        m.image.grow = (*m.image.grow + block - 1) / block * block;
}

/// Callers of systemd-vmspawn may say both (reference B.1): --secure-boot= takes back the feature that stands before it, and what
/// asks for the feature wins over what excludes it.
void settle_secure_boot(Machine& m, Diagnostics& found) {
    const std::string wish = "boot.secure-boot", list = "boot.firmware-features";
    std::vector<std::string>& features = m.boot.firmware_features;
    const std::string opposite = m.boot.secure_boot == Want::no ? "secure-boot" : "~secure-boot";
    const auto last = std::find(features.rbegin(), features.rend(), opposite);
    if (m.boot.secure_boot == Want::if_possible || last == features.rend())
        return;
    const std::string element = element_key(list, static_cast<std::size_t>(features.rend() - last - 1));
    const Origin of_wish = m.origin_of(wish), of_feature = m.origin_of(element);
    const auto place = [](const Origin& at) {
        const auto* argument = std::get_if<FromArgument>(&at);
        return argument != nullptr ? argument->index : 0;
    };
    const bool feature_counts = m.boot.secure_boot == Want::no && place(of_feature) > place(of_wish);
    found.add(left_out(error(fmt::format("{} and {} contradict each other", wish, list), feature_counts ? of_wish : of_feature)
                           .with_note(fmt::format("{} is set here", feature_counts ? list : wish), feature_counts ? of_feature : of_wish)));
    if (feature_counts)
        m.boot.secure_boot = Want::if_possible;
    else
        std::erase(features, opposite);
}

void note_definition(const Merged& merged, Machine& m) {
    if (merged.file.empty())
        return;
    // The source that was read, if any value of it is left; messages about the whole file show no line of it.
    auto source = std::make_shared<const Source>(Source{merged.file_name, merged.file, ""});
    for (const MergedValue& value : merged.values)
        if (const auto* file = std::get_if<FromFile>(&value.node.at); file != nullptr && file->source->path == merged.file)
            source = file->source;
    m.origins[""] = FromFile{source, {}};
}

void fill_in(const Merged& merged, const PathBase& base, Machine& m, Diagnostics& found) {
    m.directory = merged.file.empty() ? base.working_directory : merged.file.parent_path();
    m.home = base.home;
    m.as_systemd_vmspawn = merged.called_as == CalledAs::systemd_vmspawn;
    note_definition(merged, m);
    drop_repeated(m.users.bind);
    drop_repeated(m.users.groups);
    round_grow(m, found);
    if (m.as_systemd_vmspawn)
        settle_secure_boot(m, found);
    const DefaultRoot root = default_root(merged);
    m.image.by_name = root == DefaultRoot::by_name;
    if (root == DefaultRoot::working_directory)
        m.image.directory = base.working_directory;
    if (!m.name.empty())
        return;
    m.name = derived_name(merged, m, base.host_name);
    if (m.name.empty())
        found.add(error("the machine has no name", m.origin_of("")).with_hint("set name, or use --machine=NAME"));
}

}  // namespace

DefaultRoot default_root(const Merged& merged) {
    const auto has = [&merged](const KeyPath& key) { return merged.find(key) != nullptr; };
    const MergedValue* initrd = merged.find({"boot", "initrd"});
    const auto* initrds = initrd != nullptr ? std::get_if<List>(&initrd->node.value) : nullptr;
    const bool initrd_is_system = initrds != nullptr && !initrds->empty() && merged.called_as == CalledAs::vmspawn;
    if (!merged.file.empty() || has({"image", "path"}) || has({"image", "directory"}) || initrd_is_system)
        return DefaultRoot::none;
    return has({"name"}) ? DefaultRoot::by_name : DefaultRoot::working_directory;
}

std::string derived_name(const Merged& merged, const Machine& machine, const std::string& host_name) {
    const auto without = [](std::string name, std::initializer_list<std::string_view> suffixes) {
        for (const std::string_view suffix : suffixes)
            if (name.size() > suffix.size() && name.ends_with(suffix))
                return name.substr(0, name.size() - suffix.size());
        return name;
    };
    std::string name;
    if (!merged.file.empty())
        name = without(merged.file.filename(), {".vmspawn", ".toml"});
    else if (machine.image.path)
        name = merged.called_as == CalledAs::systemd_vmspawn ? without(machine.image.path->filename(), {".raw"})
                                                             : without(machine.image.path->filename(), {".raw", ".qcow2", ".img"});
    else if (machine.image.directory)
        name = machine.image.directory->has_relative_path() ? machine.image.directory->filename().string() : host_name;
    return clean_machine_name(name);
}

namespace {

/// What systemd-vmspawn takes although it has no effect is said and then left out, so that all that follows knows nothing of it.
Merged without_useless(const Merged& merged, const PathBase& base, Diagnostics& found) {
    Diagnostics of_values;  // they are found again
    Decoded all;
    Reading reading{merged, base, all.machine, all.read, of_values};
    read_machine(reading);
    fill_in(merged, base, all.machine, of_values);
    return without(merged, useless_settings(all.machine, found));
}

}  // namespace

Decoded decode(const Merged& said, const PathBase& base, Diagnostics& found) {
    const bool lenient = said.called_as == CalledAs::systemd_vmspawn;
    const Merged merged = lenient ? without_useless(said, base, found) : said;
    Decoded decoded;
    Machine& m = decoded.machine;
    Reading reading{merged, base, m, decoded.read, found};
    read_machine(reading);
    fill_in(merged, base, m, found);
    judge(m, found, merged.called_as);
    return decoded;
}

}  // namespace vmspawn
