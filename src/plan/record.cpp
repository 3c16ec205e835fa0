// What those are told who ask about the running machine from outside: what it is of, and what was settled when it started. No secret.
#include "plan/record.hpp"

#include "plan/contributors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vmspawn {

namespace {

/// As the inside of a JSON string. What is known late are names and numbers, which need no escape.
std::string inside(const std::string& text) {
    const std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return quoted.substr(1, quoted.size() - 2);
}

void add(std::vector<Piece>& pieces, const Word& word) {
    for (const auto& part : word.parts) {
        if (const auto* late = std::get_if<Late>(&part))
            pieces.emplace_back(*late);
        else
            pieces.emplace_back(Text{inside(std::get<std::string>(part))});
    }
}

/// ,"NAME":"PATH"
void add_path(std::vector<Piece>& pieces, const char* name, const Path& path) {
    if (path.empty())
        return;
    pieces.emplace_back(Text{fmt::format(",\"{}\":\"", name)});
    pieces.emplace_back(PathText{path.string(), inside(path.string())});
    pieces.emplace_back(Text{"\""});
}

/// Needs those whose values are in it.
void add_announced(Planning& p, std::vector<Piece>& pieces, std::vector<ResourceId>& needs) {
    std::string_view before = "\"";
    for (const Resource& resource : p.plan.resources) {
        if (!resource.announce)
            continue;
        pieces.emplace_back(Text{std::string(std::exchange(before, ",\""))});
        add(pieces, *resource.announce);
        pieces.emplace_back(Text{"\""});
        for (const auto& part : resource.announce->parts)
            if (const auto* late = std::get_if<Late>(&part); late != nullptr && std::ranges::find(needs, late->resource) == needs.end())
                needs.push_back(late->resource);
    }
}

}  // namespace

void plan_record(Planning& p) {
    const Machine& machine = p.machine;
    std::vector<Piece> pieces{Text{fmt::format("{{\"version\":{},\"cpus\":{},\"ram\":{},\"description\":\"{}\"", record_version,
                                               machine.cpus, machine.memory.size, inside(machine.description))}};
    if (const Origin whole = machine.origin_of(""); const auto* file = std::get_if<FromFile>(&whole))
        add_path(pieces, "definition", file->source->path);
    add_path(pieces, "image", machine.image.path.value_or(machine.image.directory.value_or("")));
    add_path(pieces, "console-log", machine.console.log.value_or(""));
    pieces.emplace_back(Text{",\"announced\":["});
    std::vector<ResourceId> needs{"runtime-dir"};
    add_announced(p, pieces, needs);
    pieces.emplace_back(Text{"]}\n"});
    p.add({.id = "record", .needs = std::move(needs), .up = WriteFile{record_file, std::move(pieces)}, .because = FromDefault{}});
}

}  // namespace vmspawn
