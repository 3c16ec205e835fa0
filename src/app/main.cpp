// The straight line: argv and files -> merged -> machine -> plan -> a running machine and its exit status.

#include "app/output.hpp"
#include "app/verbs.hpp"
#include "plan/planner.hpp"
#include "run/passed.hpp"

int main(int argc, char** argv) {
    using namespace vmspawn;
    RunClock clock;
    hold_signals();
    const PathBase base = here();
    Diagnostics found;

    const Invocation said = parse_arguments(language(), {argv, static_cast<std::size_t>(argc)}, found);
    if (const auto status = speak(said, found))
        return *status;
    if (const auto status = visit(said, found))
        return *status;
    if (const auto status = detach(said, {argv, static_cast<std::size_t>(argc)}, found))
        return *status;
    if (said.verb == "check")
        return check(said, base, std::move(found));
    if (said.verb == "diff")
        return diff(said, base, std::move(found));
    if (said.verb == "timeline")
        return show_timelines(said, std::move(found));
    if (said.against)
        return compare(said, base, std::move(found));
    if (said.verb == "host")
        return show_host(said, base, std::move(found));

    const Merged merged = merged_of(definition_of(said), said, base, found);
    if (found.has_errors())
        return report(std::move(found), said.format);
    if (said.verb == "explain")
        return explain(said, merged, std::move(found));

    if (said.inquiry == Inquiry::firmware_description)
        return describe_firmware(said, merged, base);
    const Machine machine = decode(merged, base, found).machine;
    if (said.verb == "show")
        return show(said, merged, base, std::move(found));
    if (said.verb == "export")
        return print_export(said, machine, merged, std::move(found));
    if (found.has_errors())
        return report(std::move(found), said.format);

    const PassedDescriptors passed = take_passed(found);
    clock.lap("definition");
    const std::optional<Host> host = learn_host(said, machine, passed, found);
    clock.lap("probe");
    const Plan plan = host ? make_plan(machine, *host, found, errand_of(said)) : Plan{};
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    return said.verb == "plan" ? show_plan(said, plan) : run(said, plan, passed, std::move(clock), definition_to_keep(merged, base));
}
