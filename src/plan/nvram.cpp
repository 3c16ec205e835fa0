// UEFI variables: where they are kept, or why they are forgotten.
#include "plan/files.hpp"
#include "plan/firmware.hpp"
#include "plan/state.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

using Type = FileAnswer::Type;

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
    const std::string problem = obstacle_to_state(p, path, Type::regular);
    if (problem.empty())
        return keep(p, source, path);
    p.found.add(
        error("boot.nvram-state: UEFI variables cannot be kept there", p.origin("boot.nvram-state")).with_hint(problem).with_error(EACCES));
}

void keep_if_possible(Planning& p, const FirmwareFile& source) {
    const std::string path = place_of_state(p, nvram_places(p.machine));
    if (p.machine.image.ephemeral)
        return forget_from_state(p, source, path);
    const std::string problem = obstacle_to_state(p, path, Type::regular);
    if (problem.empty())
        return keep(p, source, path);
    p.found.add(warning("UEFI variables will be forgotten: " + problem, p.origin("boot.nvram-state"))
                    .with_hint("boot.nvram-state can name another place, or be \"off\""));
    forget(p, source, problem);
}

}  // namespace

std::vector<std::string> nvram_places(const Machine& machine) {
    if (machine.boot.confidential != Confidential::no)
        return {};
    return state_places(machine, {.said = machine.boot.nvram_state, .ending = ".efinvramstate"});
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
