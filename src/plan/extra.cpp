// Words of the user for QEMU, last so that they win.
#include "base/text.hpp"
#include "plan/own_words.hpp"
#include "plan/unquote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace vmspawn {

namespace {

using Kind = OwnProgram::Kind;
constexpr const char* extra_variable = "SYSTEMD_VMSPAWN_QEMU_EXTRA";

/// Nothing when they are not quoted as a shell would have it.
std::optional<std::vector<std::string>> words_of_environment(const Planning& p) {
    const auto text = p.host.environment.find(extra_variable);
    return text == p.host.environment.end() ? std::vector<std::string>() : unquote_words(text->second);
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::ranges::any_of(parts, [text](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

/// "tap,…", "…,type=tap" or the JSON of it.
bool is_type(std::string_view value, std::string_view type) {
    return value == type || value.starts_with(fmt::format("{},", type)) ||
           has_any(value, {fmt::format("type={}", type), fmt::format("\"{}\"", type)});
}

Kind kind_of_network(std::string_view value) {
    if (is_type(value, "bridge") || has_any(value, {"helper", "smb"}))
        return Kind::privileged;
    const bool has_scripts =
        !has_any(value, {"downscript=no", R"("downscript":"no")"}) || !has_any(value, {",script=no", R"("script":"no")"});
    if (is_type(value, "tap") && has_scripts && !has_any(value, {"fd=", "fds=", R"("fd")", R"("fds")"}))
        return Kind::plain;
    return has_any(value, {"cmd:"}) ? Kind::plain : Kind::none;
}

Kind kind_of(std::string_view option, std::string_view value) {
    if (option.starts_with("--"))
        option.remove_prefix(1);
    if (option == "-netdev" || option == "-nic" || option == "-net")
        return kind_of_network(value);
    return option == "-incoming" && has_any(value, {"exec"}) ? Kind::plain : Kind::none;
}

}  // namespace

OwnProgram own_program(const Planning& p) {
    std::vector<std::string> words = p.machine.qemu.extra;
    for (std::string& word : words_of_environment(p).value_or(std::vector<std::string>()))
        words.push_back(std::move(word));
    OwnProgram most;
    for (std::size_t i = 1; i < words.size(); ++i)
        if (const Kind kind = kind_of(words[i - 1], words[i]); kind > most.kind)
            most = {kind, printable(words[i])};
    return most;
}

void plan_extra(Planning& p) {
    for (const std::string& word : p.machine.qemu.extra)
        p.qemu.option(word);
    const std::optional<std::vector<std::string>> words = words_of_environment(p);
    if (!words) {
        p.found.add(error(fmt::format("${} is not quoted as a shell would have it", extra_variable), FromHost{extra_variable}));
        return;
    }
    for (const std::string& word : *words)
        p.qemu.option(word);
    if (!words->empty())
        p.reason(fmt::format("QEMU gets {} more word{} from ${}", words->size(), words->size() == 1 ? "" : "s", extra_variable));
}

}  // namespace vmspawn
