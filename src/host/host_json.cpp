#include "host/host_json.hpp"

#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

using nlohmann::json;

/// Whether `path` is `base` or below it. An empty base and the root directory are no base: everything would be below them.
bool is_below(std::string_view path, std::string_view base) {
    return base.size() > 1 && path.starts_with(base) && (path.size() == base.size() || path[base.size()] == '/');
}

class PathWriter {
public:
    PathWriter(const std::filesystem::path& directory, const std::filesystem::path& home)
        : directory_(without_slash(directory)), home_(without_slash(home)) {}

    [[nodiscard]] std::string write(const std::string& path) const {
        if (is_below(path, directory_))
            return "." + path.substr(directory_.size());
        if (is_below(path, home_))
            return "~" + path.substr(home_.size());
        return path;
    }

private:
    static std::string without_slash(const std::filesystem::path& path) {
        std::string text = path.lexically_normal().string();
        if (text.size() > 1 && text.ends_with('/'))
            text.pop_back();
        return text;
    }

    std::string directory_;
    std::string home_;
};

json write_file(const FileAnswer& answer) {
    std::string_view type;
    for (const auto& [value, word] : file_types)
        if (value == answer.type)
            type = word;
    json record = {{"type", type}};
    if (answer.error != 0)
        record["error"] = answer.error;
    if (answer.type == FileAnswer::Type::missing)
        return record;
    record.update({{"size", answer.size},
                   {"readable", answer.readable},
                   {"writable", answer.writable},
                   {"owner", answer.owner},
                   {"identity", answer.identity},
                   {"format", answer.format}});
    return record;
}

json write_qemu(const QemuFacts& facts, const PathWriter& paths) {
    json record = {{"path", paths.write(facts.path)}, {"version", facts.version}, {"features", facts.features}};
    if (!facts.problem.empty())
        record["problem"] = facts.problem;
    return record;
}

}  // namespace

std::string to_json(const Host& host, const std::filesystem::path& directory, const std::filesystem::path& home) {
    const PathWriter paths(directory, home);
    json qemu = json::object();
    for (const auto& [arch, facts] : host.qemu)
        qemu[arch] = write_qemu(facts, paths);
    json files = json::object();
    for (const auto& [path, answer] : host.files)
        files[paths.write(path)] = write_file(answer);
    json programs = json::object();
    for (const auto& [name, path] : host.programs)
        programs[paths.write(name)] = paths.write(path);
    const json record = {{"version", host_version},
                         {"arch", host.arch},
                         {"uid", host.uid},
                         {"gid", host.gid},
                         {"cpus", host.cpus},
                         {"ram", host.ram},
                         {"seed", host.seed},
                         {"runtime_base", host.runtime_base},
                         {"console", host.console},
                         {"kvm", {{"usable", host.kvm.usable}, {"reason", host.kvm.reason}, {"fix", host.kvm.fix}}},
                         {"qemu", std::move(qemu)},
                         {"files", std::move(files)},
                         {"programs", std::move(programs)},
                         {"environment", host.environment}};
    // Names of files need not be UTF-8; what is not is replaced, so that writing never fails.
    return record.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace vmspawn
