#include "host/qemu_probe.hpp"

#include "base/text.hpp"
#include "host/qemu_run.hpp"

#include <fmt/format.h>

#include <cstring>

namespace vmspawn {

namespace {

/// The last line that is not blank: QEMU's reason stands there.
std::string last_words(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.remove_suffix(1);
    const auto line = text.rfind('\n');
    return printable(line == std::string_view::npos ? text : text.substr(line + 1)).substr(0, 500);
}

std::string problem_of(const Conversation& heard, const std::string& judged, std::chrono::milliseconds limit) {
    if (heard.start_error != 0)
        return fmt::format("it cannot be started: {}", std::strerror(heard.start_error));
    std::string problem = judged;
    if (heard.too_much)
        problem = "it says more than a QEMU would";
    else if (heard.timed_out && !judged.empty())
        problem = fmt::format("it gave no answer within {:.3g} seconds", static_cast<double>(limit.count()) / 1000);
    if (!problem.empty() && !heard.err.empty())
        problem += ": " + last_words(heard.err);
    return problem;
}

}  // namespace

ProbedQemu probe_qemu(const std::string& path, std::chrono::milliseconds limit) {
    const Conversation heard =
        converse(path, {"-machine", "none", "-nodefaults", "-display", "none", "-no-user-config", "-S", "-qmp", "stdio"}, qmp_questions(),
                 qmp_last_answer(), limit);
    ProbedQemu probed = read_qmp_answers(heard.out);
    probed.facts.problem = problem_of(heard, probed.facts.problem, limit);
    if (!probed.facts.problem.empty())
        probed = {.facts = {.problem = probed.facts.problem}};
    probed.facts.path = path;
    return probed;
}

}  // namespace vmspawn
