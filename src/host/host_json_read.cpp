#include "host/firmware_json.hpp"
#include "host/host_json.hpp"
#include "host/image_json.hpp"
#include "host/json_reader.hpp"
#include "host/layout_json.hpp"
#include "host/tree_json.hpp"
#include "host/user_json.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace vmspawn {

namespace {

using namespace recorded;

std::string read_text(const json& value, const std::string& where) {
    if (!value.is_string())
        refuse(where, "is not a string");
    return value.get<std::string>();
}

/// A name in a qcow2 header: a path as PathReader has it, or what QEMU takes for a protocol, as spelled.
std::string read_image_name(const json& value, const std::string& where, const PathReader& paths) {
    const std::string text = read_text(value, where);
    const std::size_t at = text.find_first_of(":/");
    return at != std::string::npos && text[at] == ':' ? text : paths.read(text, where);
}

Qcow2Facts read_qcow2(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    Qcow2Facts facts;
    object.read_number("size", facts.size);
    if (const json* backing = object.find("backing")) {
        facts.backing = read_image_name(*backing, where + ".backing", paths);
        object.read("backing-format", facts.backing_format);
    }
    if (const json* data = object.find("data-file")) {
        facts.has_data_file = true;
        facts.data_file = read_image_name(*data, where + ".data-file", paths);
    }
    if (object.find("problem") != nullptr)
        object.read("problem", facts.problem);
    object.finish();
    return facts;
}

KernelPayload read_payload(const json& value, const std::string& where) {
    ObjectReader object(value, where);
    KernelPayload payload;
    object.read("compression", payload.compression);
    object.read_number("offset", payload.offset);
    object.read_number("size", payload.size);
    object.finish();
    return payload;
}

FileAnswer read_answer(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    std::string type;
    object.read("type", type);
    FileAnswer answer;
    bool known = false;
    for (const auto& [kind, word] : file_types) {
        if (word == type) {
            answer.type = kind;
            known = true;
        }
    }
    if (!known)
        refuse(where + ".type", "is no type of a file");
    if (object.find("error") != nullptr)
        object.read_number("error", answer.error);
    object.read_if_there("near", answer.near);
    if (answer.type != FileAnswer::Type::missing) {
        object.read_number("size", answer.size);
        object.read("readable", answer.readable);
        object.read("writable", answer.writable);
        object.read_number("owner", answer.owner);
        object.read("identity", answer.identity);
        object.read("format", answer.format);
        if (const json* target = object.find("target"))
            answer.target = paths.read(read_text(*target, where + ".target"), where + ".target");
        if (const json* qcow2 = object.find("qcow2"))
            answer.qcow2 = read_qcow2(*qcow2, where + ".qcow2", paths);
        object.read_if_there("machine", answer.machine);
        if (const json* payload = object.find("payload"))
            answer.payload = read_payload(*payload, where + ".payload");
    }
    object.finish();
    return answer;
}

QemuFacts read_qemu(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    QemuFacts facts;
    std::string path;
    object.read("path", path);
    facts.path = paths.read(path, where + ".path");
    object.read("version", facts.version);
    if (object.find("problem") != nullptr)
        object.read("problem", facts.problem);
    for (std::string& feature : object.read_strings("features"))
        facts.features.insert(std::move(feature));
    if (object.find("machines") != nullptr)
        object.each("machines", [&](const auto& alias, const auto& name, const auto& at) { facts.machines[alias] = read_text(name, at); });
    object.finish();
    return facts;
}

Virtiofsd read_virtiofsd(const json& value, const PathReader& paths) {
    ObjectReader object(value, "virtiofsd");
    Virtiofsd found;
    std::string path;
    object.read("path", path);
    found.path = paths.read(path, "virtiofsd.path");
    object.read("version", found.version);
    for (std::string& feature : object.read_strings("features"))
        found.features.insert(std::move(feature));
    object.finish();
    return found;
}

std::vector<IdGrant> read_grants(const json& value, const std::string& where) {
    if (!value.is_array())
        refuse(where, "is not a list");
    std::vector<IdGrant> grants;
    for (const json& grant : value) {
        ObjectReader object(grant, where);
        IdGrant& one = grants.emplace_back();
        object.read_number("start", one.start);
        object.read_number("count", one.count);
        object.finish();
    }
    return grants;
}

Kvm read_kvm(const json& value, const char* where) {
    ObjectReader object(value, where);
    Kvm kvm;
    object.read("usable", kvm.usable);
    object.read("reason", kvm.reason);
    object.read("fix", kvm.fix);
    if (object.find("confidential") != nullptr)
        for (std::string& technology : object.read_strings("confidential"))
            kvm.confidential.insert(std::move(technology));
    object.finish();
    return kvm;
}

void read_tap_macs(ObjectReader& object, Host& host) {
    if (object.find("tap_macs") == nullptr)
        return;
    auto& macs = host.tap_macs.emplace();
    object.each("tap_macs", [&](const auto& machine, const auto& value, const auto& where) {
        const std::string text = read_text(value, where);
        std::optional<Mac>& mac = macs[machine] = parse_hardware_address(text);
        if (!mac && !text.empty())
            refuse(where, "is no hardware address");
    });
}

void check_version(const json& value) {
    if (!value.is_object() || !value.contains("version"))
        refuse("it", "is not a recorded host: the member \"version\" is missing");
    const json& version = value["version"];
    if (!version.is_number_integer())
        refuse("version", "is not a whole number");
    if (version != host_version)
        refuse("version", fmt::format("is {}, and this vmspawn reads version {}: record the host again with this vmspawn", version.dump(),
                                      host_version));
}

Host read_host(const json& value, const PathReader& paths) {
    check_version(value);
    ObjectReader object(value, "");
    Host host;
    (void)object.find("version");
    object.read("arch", host.arch);
    object.read_number("uid", host.uid);
    object.read_number("gid", host.gid);
    host.net_admin = host.uid == 0;  // as a record of before there was this fact
    if (object.find("net_admin") != nullptr)
        object.read("net_admin", host.net_admin);
    object.read_number("cpus", host.cpus);
    object.read_number("ram", host.ram);
    object.read("seed", host.seed);
    read_tap_macs(object, host);
    object.read("runtime_base", host.runtime_base);
    std::string state;
    if (object.find("state_base") != nullptr)
        object.read("state_base", state);
    host.state_base = paths.read(state, "state_base");
    std::string cache;
    object.read("cache", cache);
    host.cache = paths.read(cache, "cache");
    object.read("console", host.console);
    if (object.find("rows") != nullptr)
        object.read_number("rows", host.rows);
    if (object.find("columns") != nullptr)
        object.read_number("columns", host.columns);
    if (object.find("networkd") != nullptr)
        object.read("networkd", host.networkd.emplace());
    if (object.find("routes") != nullptr)
        for (std::string& family : object.read_strings("routes"))
            host.routes.insert(std::move(family));
    host.kvm = read_kvm(object.at("kvm"), "kvm");
    if (const json* passed = object.find("passed_kvm"))
        host.passed_kvm = read_kvm(*passed, "passed_kvm");
    if (object.find("passed_vsock") != nullptr)
        object.read("passed_vsock", host.passed_vsock);
    object.each("qemu", [&](const auto& arch, const auto& facts, const auto& where) { host.qemu[arch] = read_qemu(facts, where, paths); });
    object.each("files", [&](const auto& path, const auto& answer, const auto& where) {
        host.files[paths.read(path, where)] = read_answer(answer, where, paths);
    });
    object.each("programs", [&](const auto& name, const auto& path, const auto& where) {
        const bool is_path = name.find('/') != std::string::npos;
        const bool is_option = name.find(" --") != std::string::npos;
        const std::string text = read_text(path, where);
        host.programs[is_path ? paths.read(name, where) : name] = is_option ? text : paths.read(text, where);
    });
    if (const json* virtiofsd = object.find("virtiofsd"))
        host.virtiofsd = read_virtiofsd(*virtiofsd, paths);
    if (const json* grants = object.find("subuids"))
        host.subuids = read_grants(*grants, "subuids");
    if (const json* grants = object.find("subgids"))
        host.subgids = read_grants(*grants, "subgids");
    object.each("environment",
                [&](const auto& name, const auto& text, const auto& where) { host.environment[name] = read_text(text, where); });
    read_firmware(object, host, paths);
    read_images(object, host, paths);
    read_layouts(object, host, paths);
    read_trees(object, host, paths);
    read_users(object, host, paths);
    object.finish();
    return host;
}

}  // namespace

Result<Host> host_from_json(std::string_view text, const std::filesystem::path& directory, const std::filesystem::path& home) {
    const auto parsed = parse_json(text);
    if (!parsed)
        return Failure{EINVAL, "read the recorded host", "it is not JSON, or larger or deeper than a recorded host can be"};
    try {
        return read_host(*parsed, PathReader(directory, home));
    } catch (const Malformed& problem) {
        return Failure{EINVAL, "read the recorded host", problem.text};
    }
}

}  // namespace vmspawn
