#include "machine_text.hpp"

#include <tuple>
#include <type_traits>

namespace vmspawn {

namespace {

class Writer {
public:
    template <class... Ts>
    void line(const char* name, const Ts&... values) {
        text_ += name;
        (write(values), ...);
        text_ += '\n';
    }
    std::string text_;

private:
    void write(const std::string& value) { text_ += " '" + value + "'"; }
    void write(const Path& value) { write(value.string()); }
    void write(const State& value) { line("", value.kind, value.path); }
    void write(const IdShift& value) { line("", value.shift, value.range); }
    void write(const Forward& value) { line("", value.bind, value.host, value.guest, value.udp, value.count); }
    void write(const CredentialText& value) { line(" text", value.bytes); }
    void write(const CredentialFile& value) { line(" file", value.path); }
    void write(const CredentialInherited& value) { line(" inherited", value.name); }
    void write(const UnitProperty& value) { line("", value.name, value.value); }
    template <class First, class Second>
    void write(const std::pair<First, Second>& value) {
        line("", value.first, value.second);
    }
    template <class... Ts>
    void write(const std::tuple<Ts...>& value) {
        std::apply([this](const auto&... each) { this->line("", each...); }, value);
    }
    template <class T>
    requires std::is_integral_v<T> || std::is_enum_v<T>
    void write(T value) { text_ += " " + std::to_string(static_cast<std::uint64_t>(value)); }
    template <class T>
    void write(const std::optional<T>& value) {
        value ? write(*value) : write(std::string("nothing"));
    }
    template <class T>
    void write(const std::vector<T>& values) {
        write(values.size());
        for (const T& value : values)
            write(value);
    }
    template <class T, std::size_t n>
    void write(const std::array<T, n>& values) {
        for (const T& value : values)
            write(value);
    }
    template <class... Ts>
    void write(const std::variant<Ts...>& value) {
        write(value.index());
        std::visit([this](const auto& each) { this->write(each); }, value);
    }
};

void write_lists(const Machine& m, Writer& out) {
    for (const Network& n : m.networks)
        out.line("network", n.name, n.kind, n.backend, n.forwards, n.mac);
    for (const Mount& n : m.mounts)
        out.line("mount", n.name, n.source, n.target, n.read_only, n.cache);
    for (const Drive& d : m.drives)
        out.line("drive", d.name, d.path, d.format, d.backing, d.disk_type, d.read_only, d.discard, d.boot_order);
    for (const Credential& c : m.credentials)
        out.line("credential", c.id, c.source);
}

}  // namespace

std::string machine_text(const Machine& m) {
    Writer out;
    out.line("machine", m.name, m.uuid, m.description, m.arch, m.cpus, m.memory.size, m.memory.max, m.memory.slots, m.kvm, m.smbios);
    const Image& i = m.image;
    out.line("image", i.path, i.directory, i.by_name, i.format, i.backing, i.disk_type, i.discard, i.grow, i.ephemeral, i.private_users,
             i.cache);
    const Boot& b = m.boot;
    out.line("boot", b.linux_image, b.initrds, b.cmdline, b.unpack, b.firmware, b.firmware_descriptor, b.firmware_features, b.secure_boot,
             b.nvram_template, b.nvram_state, b.confidential);
    out.line("devices", m.tpm.enabled, m.tpm.state, m.vsock.enabled, m.vsock.cid, m.vsock.backend);
    write_lists(m, out);
    out.line("guest", m.users.bind, m.users.shell, m.users.groups, m.ssh.pass_key, m.ssh.key_type);
    out.line("journal", m.journal.forward, m.journal.max_use, m.journal.keep_free, m.journal.max_file_size, m.journal.max_files);
    out.line("console", m.console.mode, m.console.transport, m.console.background, m.console.log);
    out.line("unit", m.unit.registered, m.unit.slice, m.unit.properties, m.unit.keep, m.unit.scope);
    out.line("end", m.ready.notify, m.ready.timeout_us, m.qemu.binary, m.qemu.cpu, m.qemu.legacy_devices, m.qemu.hotplug_ports,
             m.qemu.extra);
    return out.text_;
}

}  // namespace vmspawn
