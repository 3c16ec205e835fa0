#include "plan/state.hpp"

#include <fmt/format.h>

#include <cstring>

namespace vmspawn {

namespace {

using Type = FileAnswer::Type;

/// Whether what is missing could be made: by the first directory above it that is there.
std::string obstacle_to_making(const Planning& p, const Path& path) {
    for (Path above = path.parent_path(); above.has_relative_path(); above = above.parent_path()) {
        const FileAnswer* answer = answer_about(p.host, above.string());
        if (answer && answer->type == Type::missing)
            continue;
        return answer && answer->type == Type::directory && answer->writable ? "" : fmt::format("{} may not be written", p.shown(above));
    }
    return "";
}

}  // namespace

const FileAnswer* answer_about(const Host& host, const std::string& path) {
    const auto found = host.files.find(path);
    return found == host.files.end() ? nullptr : &found->second;
}

std::vector<std::string> state_places(const Machine& machine, const KeptState& state) {
    if (state.said.kind == StateKind::off)
        return {};
    if (state.said.kind == StateKind::at)
        return {state.said.path.string()};
    std::vector<std::string> places;
    for (const auto& root : {machine.image.path, machine.image.directory})
        if (root)
            places.push_back(root->string() + state.ending);
    if (!machine.image.directory)
        places.push_back(machine.name + "/" + state.ending.substr(1));
    return places;
}

std::string place_of_state(const Planning& p, const std::vector<std::string>& places) {
    const FileAnswer* image = p.machine.image.path ? answer_about(p.host, p.machine.image.path->string()) : nullptr;
    return state_path(p.host, image && image->type == Type::block ? places.back() : places.front());
}

std::string obstacle_to_state(const Planning& p, const std::string& path, Type type) {
    if (path.empty())
        return "there is no home to keep it in";
    const FileAnswer& answer = *answer_about(p.host, path);
    if (answer.error != 0)
        return fmt::format("{}: {}", p.shown(path), std::strerror(answer.error));
    if (answer.type == Type::missing)
        return obstacle_to_making(p, path);
    if (answer.type != type)
        return fmt::format("{} is not a {}", p.shown(path), type == Type::directory ? "directory" : "file");
    return answer.readable && answer.writable ? "" : fmt::format("{} may not be written", p.shown(path));
}

}  // namespace vmspawn
