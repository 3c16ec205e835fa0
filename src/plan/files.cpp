#include "plan/files.hpp"

#include <fmt/format.h>

#include <cstring>

namespace vmspawn {

namespace {

using Type = FileAnswer::Type;

std::string_view words_for(Type type) {
    switch (type) {
        case Type::missing:
            return "missing";
        case Type::regular:
            return "a file";
        case Type::block:
            return "a block device";
        case Type::directory:
            return "a directory";
        case Type::character:
            return "a character device";
        case Type::fifo:
            return "a FIFO";
        case Type::socket:
            return "a socket";
    }
    return "";
}

const char* expected(const WantedFile& wanted) {
    if (wanted.socket)
        return "expected a file or a socket";
    if (wanted.block)
        return "expected a file or a block device";
    if (wanted.directory)
        return wanted.regular ? "expected a directory or a file" : "expected a directory";
    return "expected a file";
}

bool is_usable_type(Type type, const WantedFile& wanted) {
    return (wanted.regular && type == Type::regular) || (wanted.block && type == Type::block) ||
           (wanted.directory && type == Type::directory) || (wanted.socket && type == Type::socket);
}

std::string called(const Planning& planning, const WantedFile& wanted) {
    return (wanted.called.empty() ? "" : wanted.called + " ") + planning.shown(wanted.path);
}

Diagnostic not_permitted(const Planning& planning, const WantedFile& wanted, const FileAnswer& answer, std::string_view doing) {
    std::string hint = fmt::format("it belongs to uid {}, vmspawn runs as uid {}", answer.owner, planning.host.uid);
    if (!wanted.read_only.empty() && answer.readable)
        hint += fmt::format("; {} = true would do without", wanted.read_only);
    return error(fmt::format("{}: no permission to {} {}", wanted.key, doing, called(planning, wanted)), planning.origin(wanted.key))
        .with_hint(std::move(hint))
        .with_error(EACCES);
}

}  // namespace

const FileAnswer* judge_file(Planning& planning, const WantedFile& wanted) {
    const std::string place = called(planning, wanted);
    const Origin at = planning.origin(wanted.key);
    const FileAnswer& answer = planning.host.files.at(wanted.path.string());
    if (answer.error != 0 && answer.error != ENOENT)
        planning.found.add(error(fmt::format("{}: cannot look at {}", wanted.key, place), at)
                               .with_hint(std::strerror(answer.error))
                               .with_error(answer.error));
    else if (answer.type == Type::missing)
        planning.found.add(error(fmt::format("{}: {} does not exist", wanted.key, place), at)
                               .with_hint(answer.near.empty() ? "there is no such file" : fmt::format("did you mean '{}'?", answer.near))
                               .with_error(ENOENT));
    else if (!is_usable_type(answer.type, wanted))
        planning.found.add(error(fmt::format("{}: {} is {}", wanted.key, place, words_for(answer.type)), at).with_hint(expected(wanted)));
    else if (!answer.readable)
        planning.found.add(not_permitted(planning, wanted, answer, "read"));
    else if (wanted.writable && !answer.writable)
        planning.found.add(not_permitted(planning, wanted, answer, "write"));
    else
        return &answer;
    return nullptr;
}

}  // namespace vmspawn
