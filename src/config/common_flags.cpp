#include "config/common_flags.hpp"

#include "base/text.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

void refuse(Diagnostics& found, const std::string& summary, const Origin& at, const std::string& hint) {
    found.add(error(summary, at).with_hint(hint));
}

void apply_word(const std::vector<std::string>& words, const std::string& what, const Typed& typed, std::string& value,
                Diagnostics& found) {
    value = typed.value();
    if (std::ranges::find(words, value) != words.end())
        return;
    const auto near = nearest(value, words);
    refuse(found, fmt::format("unknown {} '{}'", what, value), typed.value_at(),
           (near ? fmt::format("did you mean '{}'? ", *near) : "") + "expected " + join_words(words));
}

void apply_timeout(const Typed& typed, Invocation& out, Diagnostics& found) {
    out.timeout = parse_span(typed.value());
    if (!out.timeout)
        refuse(found, fmt::format("'{}' is not a time span", typed.value()), typed.value_at(),
               "expected seconds, or spans such as 1min 30s");
    else if (*out.timeout == UINT64_MAX)
        out.timeout.reset();
}

void apply_exec(const Typed& typed, Invocation& out, Diagnostics& found) {
    out.exec = typed.value();
    out.exec_at = typed.value_at();
    if (out.exec->empty())
        refuse(found, "--exec lacks a command", typed.value_at(), "expected a command for the guest's shell, such as 'make test'");
}

void apply_timeline(const Typed& typed, Invocation& out, Diagnostics& found) {
    out.timeline = typed.value();
    out.timeline_at = typed.value_at();
    if (!out.timeline.ends_with(".svg") && !out.timeline.ends_with(".json"))
        refuse(found, fmt::format("'{}' does not say which form the timeline is to have", out.timeline), typed.value_at(),
               "expected a name that ends in .svg or .json");
}

void apply_switch(const std::string& name, Invocation& out) {
    out.quiet |= name == "quiet";
    out.no_pager |= name == "no-pager";
    out.no_ask_password |= name == "no-ask-password";
    out.follow |= name == "follow";
    out.detach |= name == "detach";
    out.strict |= name == "strict";
    out.all |= name == "all";
    out.effective |= name == "effective";
    out.help |= name == "help";
    out.version |= name == "version";
}

}  // namespace

void apply_common_flag(const CommonFlag& common, const VerbEntry* verb, const Typed& typed, Invocation& out, Diagnostics& found) {
    const std::string& name = common.flag.long_name;
    if (name == "format")
        apply_word(verb->formats, "format", typed, out.format, found);
    else if (name == "host")
        out.host = typed.value();
    else if (name == "to")
        apply_word(common.words, "engine", typed, out.target, found);
    else if (name == "template")
        apply_word(common.words, "template", typed, out.definition_kind, found);
    else if (name == "for")
        apply_word(common.words, "thing to wait for", typed, out.wait_for, found);
    else if (name == "timeout")
        apply_timeout(typed, out, found);
    else if (name == "exec")
        apply_exec(typed, out, found);
    else if (name == "timeline")
        apply_timeline(typed, out, found);
    else if (name == "against") {
        out.against = typed.value();
        out.against_at = typed.value_at();
    } else if (name == "profile") {
        out.profile = typed.value();
        out.profile_at = typed.value_at();
    } else
        apply_switch(name, out);
}

}  // namespace vmspawn
