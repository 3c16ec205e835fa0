// UEFI variables: where they are kept, or why they are forgotten.
#include "plan/files.hpp"
#include "plan/firmware.hpp"

#include <fmt/format.h>

#include <cstring>

namespace vmspawn {

namespace {

using Type = FileAnswer::Type;

const FileAnswer* answer_about(const Host& host, const std::string& path) {
    const auto found = host.files.find(path);
    return found == host.files.end() ? nullptr : &found->second;
}

/// Beside the image or tree; elsewhere when there is none or it is a device.
std::string kept_at(const Planning& p) {
    const std::vector<std::string> places = nvram_places(p.machine);
    const FileAnswer* image = p.machine.image.path ? answer_about(p.host, p.machine.image.path->string()) : nullptr;
    return state_path(p.host, image && image->type == Type::block ? places.back() : places.front());
}

/// Whether a file that is missing could be made: by the first directory above it that is there.
std::string obstacle_to_making(const Planning& p, const Path& path) {
    for (Path above = path.parent_path(); above.has_relative_path(); above = above.parent_path()) {
        const FileAnswer* answer = answer_about(p.host, above.string());
        if (answer && answer->type == Type::missing)
            continue;
        return answer && answer->type == Type::directory && answer->writable ? "" : fmt::format("{} may not be written", p.shown(above));
    }
    return "";
}

/// Why no state can be kept there, as a clause; empty: it can.
std::string obstacle(const Planning& p, const std::string& path) {
    if (path.empty())
        return "there is no home to keep it in";
    const FileAnswer& answer = *answer_about(p.host, path);
    if (answer.error != 0)
        return fmt::format("{}: {}", p.shown(path), std::strerror(answer.error));
    if (answer.type == Type::missing)
        return obstacle_to_making(p, path);
    if (answer.type != Type::regular)
        return fmt::format("{} is not a file", p.shown(path));
    return answer.readable && answer.writable ? "" : fmt::format("{} may not be written", p.shown(path));
}

/// Why a state that is there is not of this firmware: its chip would have another format, or another size. Empty: it may be.
std::string mismatch(const FileAnswer& state, const FileAnswer* first, const FirmwareFile& source) {
    const bool is_qcow2 = state.format == "qcow2";
    if (is_qcow2 != (source.format == "qcow2"))
        return fmt::format("it is {}, and this firmware takes {}", is_qcow2 ? "qcow2" : "raw", source.format);
    if (is_qcow2 || !first || first->size == state.size)
        return "";
    return fmt::format("it has {} bytes, and this firmware takes {}", state.size, first->size);
}

bool fits(Planning& p, const std::string& path, const FirmwareFile& source) {
    const FileAnswer& state = *answer_about(p.host, path);
    if (state.type != Type::regular)
        return true;
    const std::string problem = mismatch(state, answer_about(p.host, source.path), source);
    if (problem.empty())
        return true;
    p.found.add(error(fmt::format("boot.nvram-state: {} was made for another firmware", p.shown(path)), p.origin("boot.nvram-state"))
                    .with_hint(problem + ": move it away, or choose the firmware of before"));
    return false;
}

void add_scratch(Planning& p, const std::string& source) {
    p.add({.id = "nvram",
           .up = MakeScratch{{FileContent{.path = source, .credential = ""}}},
           .because = p.origin("boot.nvram-state"),
           .because_key = "boot.nvram-state"});
}

void forget(Planning& p, const FirmwareFile& source, const std::string& because) {
    p.reason(fmt::format("UEFI variables are forgotten because {}", because));
    add_scratch(p, source.path);
}

/// A machine whose writes are thrown away starts from the variables that it has.
void forget_from_state(Planning& p, const FirmwareFile& source, const std::string& path) {
    const FileAnswer* state = path.empty() ? nullptr : answer_about(p.host, path);
    const bool there = state && state->type == Type::regular && state->readable;
    if (there && !fits(p, path, source))
        return;
    p.reason("changes of UEFI variables are forgotten because image.ephemeral = true");
    add_scratch(p, there ? path : source.path);
}

void keep(Planning& p, const FirmwareFile& source, const std::string& path) {
    if (!fits(p, path, source))
        return;
    p.add({.id = "nvram",
           .up = KeepFile{.path = path, .source = source.path},
           .because = p.origin("boot.nvram-state"),
           .because_key = "boot.nvram-state"});
}

void keep_where_said(Planning& p, const FirmwareFile& source) {
    const std::string path = p.machine.boot.nvram_state.path.string();
    const std::string problem = obstacle(p, path);
    if (problem.empty())
        return keep(p, source, path);
    p.found.add(
        error("boot.nvram-state: UEFI variables cannot be kept there", p.origin("boot.nvram-state")).with_hint(problem).with_error(EACCES));
}

void keep_if_possible(Planning& p, const FirmwareFile& source) {
    const std::string path = kept_at(p);
    if (p.machine.image.ephemeral)
        return forget_from_state(p, source, path);
    const std::string problem = obstacle(p, path);
    if (problem.empty())
        return keep(p, source, path);
    p.found.add(warning("UEFI variables will be forgotten: " + problem, p.origin("boot.nvram-state"))
                    .with_hint("boot.nvram-state can name another place, or be \"off\""));
    forget(p, source, problem);
}

}  // namespace

std::vector<std::string> nvram_places(const Machine& machine) {
    const State& state = machine.boot.nvram_state;
    if (machine.boot.confidential != Confidential::no || state.kind == StateKind::off)
        return {};
    if (state.kind == StateKind::at)
        return {state.path.string()};
    std::vector<std::string> places;
    for (const auto& root : {machine.image.path, machine.image.directory})
        if (root)
            places.push_back(root->string() + ".efinvramstate");
    if (!machine.image.directory)
        places.push_back(machine.name + "/efinvramstate");
    return places;
}

void add_nvram(Planning& p, const FirmwareFile& source, int chip) {
    FirmwareFile first = source;
    if (p.machine.boot.nvram_template) {
        if (!judge_file(p, {.path = *p.machine.boot.nvram_template, .key = "boot.nvram-template"}))
            return;
        first.path = p.machine.boot.nvram_template->string();
    }
    switch (p.machine.boot.nvram_state.kind) {
        case StateKind::off:
            forget(p, first, "boot.nvram-state = off");
            break;
        case StateKind::at:
            keep_where_said(p, first);
            break;
        case StateKind::keep:
            keep_if_possible(p, first);
            break;
    }
    add_flash(p, "nvram", first.format, false, chip);
}

}  // namespace vmspawn
