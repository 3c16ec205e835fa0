// Problems as those who watch over a repository take them.
#include "base/json_text.hpp"
#include "base/render.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

std::string_view level(const Diagnostic& diagnostic) {
    return diagnostic.severity == Severity::error ? "error" : "warning";
}

/// Summary, hint and notes as lines. What stands in no file says where it stands.
std::string message(const Diagnostic& diagnostic) {
    std::string text = diagnostic.summary;
    if (std::holds_alternative<FromArgument>(diagnostic.at))
        text = to_string(diagnostic.at) + ": " + text;
    if (!diagnostic.hint.empty())
        text += "\n" + diagnostic.hint;
    for (const Note& note : diagnostic.notes) {
        const bool placed = !std::holds_alternative<FromDefault>(note.at);
        text += "\n" + (placed ? to_string(note.at) + ": " : "") + note.text;
    }
    return text;
}

/// A workflow command ends with its line; the properties before its text end at a comma or "::".
std::string command_text(std::string_view text, bool property) {
    std::string out;
    for (const char c : text)
        if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ',')))
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        else
            out += c;
    return out;
}

std::string command_properties(const Origin& at) {
    const auto* file = std::get_if<FromFile>(&at);
    if (file == nullptr)
        return {};
    std::string text = " file=" + command_text(file->source->name, true);
    const Span& span = file->span;
    if (span.begin.line > 0)
        text += fmt::format(",line={},col={}", span.begin.line, span.begin.column);
    if (span.begin.line > 0 && span.end.line == span.begin.line && span.end.column > span.begin.column)
        text += fmt::format(",endColumn={}", span.end.column - 1);  // the last column that is meant
    return text;
}

/// A reference that stays relative where the name is.
std::string uri(std::string_view path) {
    std::string out = path.starts_with('/') ? "file://" : "";
    for (const char c : path) {
        const bool plain = is_letter(c) || is_digit(c) || c == '/' || c == '-' || c == '.' || c == '_' || c == '~';
        out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string sarif_location(const FromFile& file) {
    const Span& span = file.span;
    std::string region;
    if (span.begin.line > 0)
        region = fmt::format(R"(,"region":{{"startLine":{},"startColumn":{},"endLine":{},"endColumn":{}}})", span.begin.line,
                             span.begin.column, span.end.line, span.end.column);
    return fmt::format(R"({{"physicalLocation":{{"artifactLocation":{{"uri":{}}}{}}}}})", json_quote(uri(file.source->name)), region);
}

std::string sarif_result(const Diagnostic& diagnostic) {
    const auto* file = std::get_if<FromFile>(&diagnostic.at);
    return fmt::format(R"({{"ruleId":"definition","level":"{}","message":{{"text":{}}},"locations":[{}]}})", level(diagnostic),
                       json_quote(message(diagnostic)), file != nullptr ? sarif_location(*file) : "");
}

}  // namespace

std::string render_github(const Diagnostics& diagnostics) {
    std::string lines;
    for (const Diagnostic& diagnostic : diagnostics)
        lines +=
            fmt::format("::{}{}::{}\n", level(diagnostic), command_properties(diagnostic.at), command_text(message(diagnostic), false));
    return lines;
}

std::string render_sarif(const Diagnostics& diagnostics) {
    std::string results;
    for (const Diagnostic& diagnostic : diagnostics)
        results += (results.empty() ? "\n  " : ",\n  ") + sarif_result(diagnostic);
    return fmt::format(R"({{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"vmspawn","rules":[{{"id":"definition",)"
                       R"("shortDescription":{{"text":"A definition says only what vmspawn understands."}}}}]}}}},)"
                       R"("columnKind":"unicodeCodePoints","results":[{}{}]}}]}})"
                       "\n",
                       results, results.empty() ? "" : "\n");
}

}  // namespace vmspawn
