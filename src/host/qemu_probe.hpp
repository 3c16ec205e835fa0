// One run of one QEMU binary: what it is and what it can do.
#pragma once

#include "host/host.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace vmspawn {

struct ProbedQemu {
    QemuFacts facts;
    std::string target;  ///< the architecture it emulates, as QEMU names it: "x86_64", "ppc64"
};

/// Runs `path`; facts.problem says what went wrong, in its own words where it has any.
ProbedQemu probe_qemu(const std::string& path, std::chrono::milliseconds limit = std::chrono::seconds(10));

/// Every question, as the text that QEMU reads. The last one makes it quit.
std::string qmp_questions();

/// Stands in the answer to the last question and nowhere else.
std::string_view qmp_last_answer();

/// Reads what QEMU said; facts.path is left empty.
ProbedQemu read_qmp_answers(std::string_view said);

}  // namespace vmspawn
