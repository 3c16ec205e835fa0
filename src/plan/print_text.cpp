// A plan as a page to read, and as a graph for dot(1).
#include "base/text.hpp"
#include "plan/print.hpp"
#include "plan/print_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vmspawn {

namespace {

/// Quoted only where it holds blanks, so that JSON and <late:values> stay readable.
std::string readable(const Word& word, const Places& at) {
    const std::string text = printable(shown_word(to_string(word), at));
    return text.empty() || text.find(' ') != std::string::npos ? shell_quote(text) : text;
}

std::string because(const Resource& resource, const Places& at) {
    if (resource.because_key.empty() || std::holds_alternative<FromDefault>(resource.because))
        return "";
    return fmt::format("  ({} {})", shown_origin(resource.because, at), printable(resource.because_key));
}

std::string on_failure(const Resource& resource, const Places& at) {
    if (resource.on_failure == OnFailure::stop)
        return "";
    std::string text = fmt::format("       a failure only warns{}{}\n", resource.without.empty() ? "" : ": ", printable(resource.without));
    if (!resource.instead.empty())
        text += "         by";
    for (const Word& word : resource.instead)
        text += " " + readable(word, at);
    return text + (resource.instead.empty() ? "" : "\n");
}

std::string command(const Spawn& spawn, const Places& at) {
    std::string text;
    for (const WordGroup& group : word_groups(spawn.arguments)) {
        text += "       ";
        for (const Word* word : group)
            text += " " + readable(*word, at);
        text += "\n";
    }
    return text;
}

std::string entry(std::size_t number, const Resource& resource, std::size_t width, const Places& at) {
    const std::string id = printable(resource.id);
    std::string text = fmt::format("{:>3}  {}{}  {}{}\n", number, id, std::string(width - std::min(width, display_width(id)), ' '),
                                   describe(resource.up, at), because(resource, at));
    if (!resource.needs.empty())
        text += fmt::format("       needs {}\n", printable(fmt::format("{}", fmt::join(resource.needs, ", "))));
    if (resource.ready == Readiness::ended)
        text += "       up when it has ended\n";
    text += on_failure(resource, at);
    for (const std::string& reason : resource.reasons)
        text += fmt::format("       - {}\n", printable(reason));
    if (resource.announce)
        text += fmt::format("       says: {}\n", printable(to_string(*resource.announce)));
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    if (spawn && spawn->space)
        for (const std::string& line : describe(*spawn->space, at))
            text += fmt::format("       {}\n", printable(line));
    if (spawn && spawn->fills)
        text += fmt::format("       in {}, until it has made {}\n", spawn->fills->directory, spawn->fills->keeps.back());
    if (spawn)
        text += command(*spawn, at);
    return text;
}

/// A string of the dot language; "\n" in it starts a new line there.
std::string dot_quote(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : printable(text)) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace

std::string plan_text(const Plan& plan) {
    constexpr std::size_t widest = 36;
    std::size_t width = 0;
    for (const Resource& resource : plan.resources)
        width = std::max(width, std::min(widest, display_width(printable(resource.id))));

    std::string text = fmt::format("machine {}\n", plan.machine);
    std::size_t number = 0;
    for (const Resource& resource : plan.resources)
        text += entry(++number, resource, width, places(plan));
    const bool is_coloured = plan.console.look && !plan.console.look->background.empty();
    text += fmt::format("console: {}{}\n", console_word(plan.console.kind),
                        is_coloured ? ", background " + printable(plan.console.look->background) : "");
    if (plan.command)
        text += fmt::format("command: {}{}\n", printable(plan.command->text), plan.command->terminal ? ", on a terminal" : "");
    if (plan.time_limit)
        text += fmt::format("time limit: {:g} s\n", std::chrono::duration<double>(*plan.time_limit).count());
    text += fmt::format("stop: power-off, after {} s SIGTERM, after {} s more SIGKILL\n", plan.stop.power_off.count(),
                        plan.stop.terminate.count());
    for (const std::string& notice : plan.notices)
        text += fmt::format("notice: {}\n", printable(notice));
    return text;
}

std::string plan_dot(const Plan& plan) {
    std::string text = fmt::format("digraph {} {{\n    rankdir=LR;\n    node [shape=box];\n", dot_quote(plan.machine));
    for (const Resource& resource : plan.resources)
        text += fmt::format("    {} [tooltip={}];\n", dot_quote(resource.id), dot_quote(describe(resource.up, places(plan))));
    for (const Resource& resource : plan.resources)
        for (const ResourceId& need : resource.needs)
            text += fmt::format("    {} -> {};\n", dot_quote(need), dot_quote(resource.id));
    return text + "}\n";
}

}  // namespace vmspawn
