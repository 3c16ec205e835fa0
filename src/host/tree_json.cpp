#include "host/tree_json.hpp"

#include <array>
#include <utility>

namespace vmspawn::recorded {

namespace {

constexpr std::array<std::pair<BootEntry::Kind, std::string_view>, 3> entry_kinds{
    {{BootEntry::Kind::type1, "type1"}, {BootEntry::Kind::uki, "uki"}, {BootEntry::Kind::package, "package"}}};

/// Members that are texts, and left out when empty.
constexpr std::array<std::pair<const char*, std::string BootEntry::*>, 7> texts{{{"title", &BootEntry::title},
                                                                                 {"sort_key", &BootEntry::sort_key},
                                                                                 {"version", &BootEntry::version},
                                                                                 {"machine_id", &BootEntry::machine_id},
                                                                                 {"architecture", &BootEntry::architecture},
                                                                                 {"options", &BootEntry::options},
                                                                                 {"problem", &BootEntry::problem}}};

constexpr std::array<std::pair<const char*, std::string BootEntry::*>, 3> places{
    {{"source", &BootEntry::source}, {"linux", &BootEntry::linux_image}, {"devicetree", &BootEntry::devicetree}}};

constexpr std::array<std::pair<const char*, std::optional<unsigned> BootEntry::*>, 2> counters{
    {{"tries_left", &BootEntry::tries_left}, {"tries_done", &BootEntry::tries_done}}};

json write_entry(const BootEntry& entry, const PathWriter& paths) {
    json record = {{"id", entry.id}};
    for (const auto& [kind, word] : entry_kinds)
        if (kind == entry.kind)
            record["kind"] = word;
    for (const auto& [name, member] : texts)
        if (!(entry.*member).empty())
            record[name] = entry.*member;
    for (const auto& [name, member] : places)
        if (!(entry.*member).empty())
            record[name] = paths.write(entry.*member);
    for (const auto& [name, member] : counters)
        if (entry.*member)
            record[name] = *(entry.*member);
    for (const std::string& initrd : entry.initrds)
        record["initrds"].push_back(paths.write(initrd));
    return record;
}

BootEntry read_entry(const json& value, const std::string& where, const PathReader& paths) {
    ObjectReader object(value, where);
    BootEntry entry;
    object.read("id", entry.id);
    std::string kind;
    object.read("kind", kind);
    bool known = false;
    for (const auto& [of, word] : entry_kinds) {
        if (word == kind) {
            entry.kind = of;
            known = true;
        }
    }
    if (!known)
        refuse(where + ".kind", "is no kind of a boot entry");
    for (const auto& [name, member] : texts)
        object.read_if_there(name, entry.*member);
    for (const auto& [name, member] : places) {
        std::string path;
        object.read_if_there(name, path);
        entry.*member = paths.read(path, object.name(name));
    }
    for (const auto& [name, member] : counters)
        if (object.find(name) != nullptr)
            object.read_number(name, (entry.*member).emplace());
    if (object.find("initrds") != nullptr)
        for (const std::string& initrd : object.read_strings("initrds"))
            entry.initrds.push_back(paths.read(initrd, object.name("initrds")));
    object.finish();
    return entry;
}

}  // namespace

void write_trees(json& record, const Host& host, const PathWriter& paths) {
    for (const auto& [path, tree] : host.trees) {
        json entries = json::array();
        for (const BootEntry& entry : tree.entries)
            entries.push_back(write_entry(entry, paths));
        json& place = record["trees"][paths.write(path)];
        place = {{"entries", std::move(entries)}};
        if (!tree.default_pattern.empty())
            place["default"] = tree.default_pattern;
    }
}

void read_trees(ObjectReader& record, Host& host, const PathReader& paths) {
    if (record.find("trees") == nullptr)
        return;
    record.each("trees", [&](const auto& path, const auto& value, const auto& where) {
        ObjectReader object(value, where);
        TreeAnswer tree;
        object.read_if_there("default", tree.default_pattern);
        const json& entries = object.at("entries");
        if (!entries.is_array())
            refuse(where + ".entries", "is not a list");
        for (const json& entry : entries)
            tree.entries.push_back(read_entry(entry, where + ".entries", paths));
        object.finish();
        host.trees[paths.read(path, where)] = std::move(tree);
    });
}

}  // namespace vmspawn::recorded
