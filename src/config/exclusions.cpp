#include "config/exclusions.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

/// What shapes or shows a plan has no meaning where definitions are compared.
void judge_comparison(const Invocation& said, Diagnostics& found) {
    const auto refuse = [&](const std::string& flag, const char* why) {
        found.add(error(fmt::format("--against and --{} exclude each other", flag), said.against_at).with_hint(why));
    };
    constexpr const char* no_plan = "definitions are compared, and nothing is planned";
    if (said.against->empty())
        found.add(error("--against lacks a name", said.against_at).with_hint("expected a machine that runs, as vmspawn list names it"));
    if (!said.format.empty() && said.format != "text" && said.format != "json")
        refuse("format=" + said.format, "expected text or json");
    if (!said.host.empty())
        refuse("host", no_plan);
    if (said.exec)
        refuse("exec", no_plan);
    if (said.timeout)
        refuse("timeout", no_plan);
}

}  // namespace

void judge_exclusions(const Invocation& said, Diagnostics& found) {
    if (said.detach && said.exec)
        found.add(error("--exec and --detach exclude each other", said.exec_at)
                      .with_hint("the status of the command is for the caller, who waits for it"));
    if (said.against)
        judge_comparison(said, found);
}

}  // namespace vmspawn
