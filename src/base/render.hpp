// Diagnostics as text with a caret, or as data for programs. The only place that lays out problems.
#pragma once

#include "base/diagnostic.hpp"

#include <string>

namespace vmspawn {

enum class Colour { no, yes };

/// One problem: "file:line:col: error: summary", the line, the caret with the hint, the notes. Ends with a newline.
/// Tabs become one blank each, control characters are made visible, wide and combining characters keep the caret in place,
/// long lines are cut around the caret.
std::string render(const Diagnostic& diagnostic, Colour colour);

/// All problems and the closing line "2 problems in myvm.vmspawn" (several places: "3 problems in a.vmspawn, --cpus=0").
std::string render(const Diagnostics& diagnostics, Colour colour);

/// {"version":1,"problems":[{severity, summary, hint, file, line, column, end_line, end_column, argument, index, errno, notes}]}
std::string render_json(const Diagnostics& diagnostics);

/// For GitHub's workflows: a line ::error file=…,line=…,col=…::summary for each, which are shown beside the file's lines.
std::string render_github(const Diagnostics& diagnostics);

/// SARIF 2.1.0, which code hosts and editors read.
std::string render_sarif(const Diagnostics& diagnostics);

}  // namespace vmspawn
