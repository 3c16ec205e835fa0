#include "host/host_json.hpp"

#include "host/firmware_json.hpp"
#include "host/image_json.hpp"
#include "host/layout_json.hpp"
#include "host/path_writer.hpp"
#include "host/tree_json.hpp"
#include "host/user_json.hpp"

#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

using nlohmann::json;
using namespace recorded;

json write_qcow2(const Qcow2Facts& facts, const PathWriter& paths) {
    json record = {{"size", facts.size}};
    if (!facts.backing.empty())
        record.update({{"backing", paths.write(facts.backing)}, {"backing-format", facts.backing_format}});
    if (facts.has_data_file)
        record["data-file"] = paths.write(facts.data_file);
    if (!facts.problem.empty())
        record["problem"] = facts.problem;
    return record;
}

json write_file(const FileAnswer& answer, const PathWriter& paths) {
    std::string_view type;
    for (const auto& [value, word] : file_types)
        if (value == answer.type)
            type = word;
    json record = {{"type", type}};
    if (answer.error != 0)
        record["error"] = answer.error;
    if (!answer.near.empty())
        record["near"] = answer.near;
    if (answer.type == FileAnswer::Type::missing)
        return record;
    record.update({{"size", answer.size},
                   {"readable", answer.readable},
                   {"writable", answer.writable},
                   {"owner", answer.owner},
                   {"identity", answer.identity},
                   {"format", answer.format}});
    if (!answer.target.empty())
        record["target"] = paths.write(answer.target);
    if (answer.qcow2)
        record["qcow2"] = write_qcow2(*answer.qcow2, paths);
    if (!answer.machine.empty())
        record["machine"] = answer.machine;
    if (answer.payload)
        record["payload"] = {
            {"compression", answer.payload->compression}, {"offset", answer.payload->offset}, {"size", answer.payload->size}};
    return record;
}

json write_qemu(const QemuFacts& facts, const PathWriter& paths) {
    json record = {
        {"path", paths.write(facts.path)}, {"version", facts.version}, {"features", facts.features}, {"machines", facts.machines}};
    if (!facts.problem.empty())
        record["problem"] = facts.problem;
    return record;
}

json write_grants(const std::vector<IdGrant>& grants) {
    json all = json::array();
    for (const IdGrant& grant : grants)
        all.push_back({{"start", grant.start}, {"count", grant.count}});
    return all;
}

json write_kvm(const Kvm& kvm) {
    return {{"usable", kvm.usable}, {"reason", kvm.reason}, {"fix", kvm.fix}, {"confidential", kvm.confidential}};
}

}  // namespace

std::string to_json(const Host& host, const std::filesystem::path& directory, const std::filesystem::path& home) {
    const PathWriter paths(directory, home);
    json qemu = json::object();
    for (const auto& [arch, facts] : host.qemu)
        qemu[arch] = write_qemu(facts, paths);
    json files = json::object();
    for (const auto& [path, answer] : host.files)
        files[paths.write(path)] = write_file(answer, paths);
    json programs = json::object();
    for (const auto& [name, path] : host.programs)
        programs[paths.write(name)] = paths.write(path);
    json record = {{"version", host_version},
                   {"arch", host.arch},
                   {"uid", host.uid},
                   {"gid", host.gid},
                   {"net_admin", host.net_admin},
                   {"cpus", host.cpus},
                   {"ram", host.ram},
                   {"seed", host.seed},
                   {"runtime_base", host.runtime_base},
                   {"state_base", paths.write(host.state_base)},
                   {"cache", paths.write(host.cache)},
                   {"console", host.console},
                   {"routes", host.routes},
                   {"kvm", write_kvm(host.kvm)},
                   {"qemu", std::move(qemu)},
                   {"files", std::move(files)},
                   {"programs", std::move(programs)},
                   {"environment", host.environment}};
    if (host.rows > 0 && host.columns > 0) {
        record["rows"] = host.rows;
        record["columns"] = host.columns;
    }
    if (host.networkd)
        record["networkd"] = *host.networkd;
    if (host.tap_macs) {
        record["tap_macs"] = json::object();
        for (const auto& [machine, mac] : *host.tap_macs)
            record["tap_macs"][machine] = mac ? print_mac(*mac) : "";
    }
    if (host.passed_kvm)
        record["passed_kvm"] = write_kvm(*host.passed_kvm);
    if (host.passed_vsock)
        record["passed_vsock"] = true;
    write_firmware(record, host, paths);
    write_images(record, host, paths);
    write_layouts(record, host, paths);
    write_trees(record, host, paths);
    write_users(record, host, paths);
    if (host.virtiofsd) {
        record["virtiofsd"] = {
            {"path", paths.write(host.virtiofsd->path)}, {"version", host.virtiofsd->version}, {"features", host.virtiofsd->features}};
        record["subuids"] = write_grants(host.subuids);
        record["subgids"] = write_grants(host.subgids);
    }
    // Names of files need not be UTF-8; what is not is replaced, so that writing never fails.
    return record.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace vmspawn
