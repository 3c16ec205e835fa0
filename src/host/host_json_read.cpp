#include "base/text.hpp"
#include "host/host_json.hpp"
#include "host/json.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <functional>
#include <limits>

namespace vmspawn {

namespace {

using nlohmann::json;

/// What is wrong, thrown inside this file only.
struct Malformed {
    std::string text;
};

[[noreturn]] void refuse(std::string_view where, std::string_view what) {
    throw Malformed{fmt::format("{} {}", printable(where), what)};
}

/// One object, read member by member; finish() refuses a member that nobody read.
class ObjectReader {
public:
    ObjectReader(const json& value, std::string where) : value_(value), where_(std::move(where)) {
        if (!value.is_object())
            refuse(where_, "is not an object");
    }

    [[nodiscard]] const json* find(const std::string& key) {
        read_.insert(key);
        const auto found = value_.find(key);
        return found == value_.end() ? nullptr : &*found;
    }

    const json& at(const std::string& key) {
        const json* found = find(key);
        if (found == nullptr)
            refuse(name(key), "is missing");
        return *found;
    }

    void read(const std::string& key, std::string& into) {
        if (!at(key).is_string())
            refuse(name(key), "is not a string");
        into = at(key).get<std::string>();
    }

    void read(const std::string& key, bool& into) {
        if (!at(key).is_boolean())
            refuse(name(key), "is not true or false");
        into = at(key).get<bool>();
    }

    template <class Integer>
    void read_number(const std::string& key, Integer& into) {
        const json& number = at(key);
        if (!number.is_number_unsigned() || number.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max()))
            refuse(name(key), "is not a number in range");
        into = static_cast<Integer>(number.get<std::uint64_t>());
    }

    /// Each member of the object `key`, by name.
    void each(const std::string& key,
              const std::function<void(const std::string& name, const json& value, const std::string& where)>& use) {
        const json& members = at(key);
        if (!members.is_object())
            refuse(name(key), "is not an object");
        for (const auto& [member, value] : members.items())
            use(member, value, name(key) + "." + member);
    }

    void finish() const {
        for (const auto& [key, value] : value_.items())
            if (!read_.contains(key))
                refuse(name(key), "is not known to this version");
    }

    [[nodiscard]] std::string name(const std::string& key) const { return where_.empty() ? key : where_ + "." + key; }

private:
    const json& value_;
    std::string where_;
    std::set<std::string> read_;
};

class PathReader {
public:
    PathReader(const std::filesystem::path& directory, const std::filesystem::path& home) : directory_(directory), home_(home) {}

    [[nodiscard]] std::string read(const std::string& text, const std::string& where) const {
        if (text == "." || text.starts_with("./"))
            return join(directory_, text.substr(1), where);
        if (text == "~" || text.starts_with("~/"))
            return join(home_, text.substr(1), where);
        if (!text.empty() && !text.starts_with('/'))
            refuse(where, "is a path that starts with none of /, ./ and ~/");
        return text;
    }

private:
    static std::string join(const std::filesystem::path& base, const std::string& rest, const std::string& where) {
        if (base.empty())
            refuse(where, "is below a directory that is not known here");
        std::string text = base.lexically_normal().string();
        if (text.ends_with('/') && (!rest.empty() || text.size() > 1))
            text.pop_back();
        return text + rest;
    }

    const std::filesystem::path& directory_;
    const std::filesystem::path& home_;
};

FileAnswer read_file(const json& value, const std::string& where) {
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
    if (answer.type != FileAnswer::Type::missing) {
        object.read_number("size", answer.size);
        object.read("readable", answer.readable);
        object.read("writable", answer.writable);
        object.read_number("owner", answer.owner);
        object.read("identity", answer.identity);
        object.read("format", answer.format);
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
    const json& features = object.at("features");
    if (!features.is_array())
        refuse(where + ".features", "is not a list");
    for (const json& feature : features) {
        if (!feature.is_string())
            refuse(where + ".features", "holds what is not a string");
        facts.features.insert(feature.get<std::string>());
    }
    object.finish();
    return facts;
}

Kvm read_kvm(const json& value) {
    ObjectReader object(value, "kvm");
    Kvm kvm;
    object.read("usable", kvm.usable);
    object.read("reason", kvm.reason);
    object.read("fix", kvm.fix);
    object.finish();
    return kvm;
}

std::string read_text(const json& value, const std::string& where) {
    if (!value.is_string())
        refuse(where, "is not a string");
    return value.get<std::string>();
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
    object.read_number("cpus", host.cpus);
    object.read_number("ram", host.ram);
    object.read("seed", host.seed);
    object.read("runtime_base", host.runtime_base);
    object.read("console", host.console);
    host.kvm = read_kvm(object.at("kvm"));
    object.each("qemu", [&](const auto& arch, const auto& facts, const auto& where) { host.qemu[arch] = read_qemu(facts, where, paths); });
    object.each("files", [&](const auto& path, const auto& answer, const auto& where) {
        host.files[paths.read(path, where)] = read_file(answer, where);
    });
    object.each("programs", [&](const auto& name, const auto& path, const auto& where) {
        const bool is_path = name.find('/') != std::string::npos;
        host.programs[is_path ? paths.read(name, where) : name] = paths.read(read_text(path, where), where);
    });
    object.each("environment",
                [&](const auto& name, const auto& text, const auto& where) { host.environment[name] = read_text(text, where); });
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
