#include "plan/script_words.hpp"

#include "base/text.hpp"
#include "plan/print_parts.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

std::string with_stdio(const std::string& text) {
    constexpr std::string_view serial = "serial,";
    return text.starts_with(serial) ? "stdio," + text.substr(serial.size()) : text;
}

}  // namespace

ScriptWords::ScriptWords(const Plan& plan) : plan_(plan), places_(places(plan)) {}

std::string ScriptWords::variable(std::string_view kind, const ResourceId& id) const {
    return fmt::format("{}_{}", kind, plan_.find(id) - plan_.resources.data() + 1);
}

std::string ScriptWords::path(const std::string& path, PathsFrom from) const {
    const std::string shown = shown_path(path, places_);
    if (shown == path)
        return shell_quote(shown);
    if (shown.starts_with('~'))
        return shown == "~" ? "\"$HOME\"" : "\"$HOME\"/" + shell_quote(shown.substr(2));
    return from == PathsFrom::root ? "\"$PWD\"" + (shown == "." ? "" : shell_quote(shown.substr(1))) : shell_quote(shown);
}

std::string ScriptWords::quoted(const Word& word, PathsFrom from) const {
    std::string text;
    for (const auto& part : word.parts) {
        const auto* late = std::get_if<Late>(&part);
        const std::string* option = late ? path_option(late->resource) : nullptr;
        if (option && late->what == Late::What::fd)  // the whole word is the helper's
            return *option + fmt::format("\"${}\"", variable("socket", late->resource));
        if (late)
            text += value(*late);
        else
            text += quoted_text(on_stdio(word) ? with_stdio(std::get<std::string>(part)) : std::get<std::string>(part), from);
    }
    return text.empty() ? "''" : text;
}

std::string ScriptWords::quoted_text(const std::string& text, PathsFrom from) const {
    const std::size_t begin = path_in_word(text);
    return begin == std::string::npos ? shell_quote(text) : text.substr(0, begin) + path(text.substr(begin), from);
}

const std::string* ScriptWords::path_option(const ResourceId& id) const {
    const Resource* resource = plan_.find(id);
    const auto* socket = resource ? std::get_if<Listen>(&resource->up) : nullptr;
    const auto* pair = resource ? std::get_if<MakePair>(&resource->up) : nullptr;
    return socket ? &socket->path_option : pair ? &pair->path_option : nullptr;
}

const std::string& ScriptWords::client_socket(const ResourceId& id) const {
    return std::get<MakeClient>(plan_.find(id)->up).socket;
}

bool ScriptWords::on_stdio(const Word& word) const {
    for (const auto& part : word.parts)
        if (const auto* late = std::get_if<Late>(&part); late && late->resource == plan_.console.terminal)
            return true;
    return false;
}

std::string ScriptWords::value(const Late& late) const {
    switch (late.what) {
        case Late::What::fd:
            return fmt::format("\"${}\"", variable("fd", late.resource));
        case Late::What::path:
            return fmt::format("/proc/self/fd/\"${}\"", variable("fd", late.resource));
        case Late::What::port:
            return fmt::format("\"${}\"", variable("port", late.resource));
        case Late::What::cid:
            return fmt::format("\"${}\"", variable("cid", late.resource));
        case Late::What::name:
            return shell_quote(plan_.machine);
        case Late::What::chardev:
            return chardev(late.resource);
        case Late::What::netdev:
            return "stream,server=off,addr.type=unix,addr." + chardev(late.resource);
    }
    return "";
}

std::string ScriptWords::chardev(const ResourceId& resource) const {
    if (path_option(resource))
        return fmt::format("path=\"${{{}//,/,,}}\"", variable("socket", resource));
    if (std::holds_alternative<MakeClient>(plan_.find(resource)->up))
        return "path=\"${work//,/,,}\"/" + shell_quote(client_socket(resource));
    if (resource != plan_.console.terminal)
        return "path=\"${work//,/,,}\"/qmp,server=on,wait=off";
    if (plan_.console.kind == ConsoleKind::interactive)
        return "mux=on,signal=off";
    return plan_.console.kind == ConsoleKind::transparent ? "signal=off" : "signal=on";
}

}  // namespace vmspawn
