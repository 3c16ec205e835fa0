#include "base/json_text.hpp"
#include "base/render.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>

namespace vmspawn {

std::string json_quote(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const CodePoint point = decode_utf8(text);
        if (!point.valid)
            out += "\uFFFD";
        else if (point.value == '"' || point.value == '\\')
            out += {'\\', static_cast<char>(point.value)};
        else if (point.value < 0x20)
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(point.value));
        else
            out += text.substr(0, point.bytes);
        text.remove_prefix(point.bytes);
    }
    return out + "\"";
}

namespace {

std::string origin_fields(const Origin& at) {
    if (const auto* file = std::get_if<FromFile>(&at))
        return fmt::format(R"("file":{},"line":{},"column":{},"end_line":{},"end_column":{})", json_quote(file->source->name),
                           file->span.begin.line, file->span.begin.column, file->span.end.line, file->span.end.column);
    if (const auto* argument = std::get_if<FromArgument>(&at))
        return fmt::format(R"("argument":{},"index":{},"begin":{},"end":{})", json_quote(argument->text), argument->index, argument->begin,
                           argument->end);
    if (const auto* host = std::get_if<FromHost>(&at))
        return fmt::format(R"("host":{})", json_quote(host->fact));
    return R"("default":true)";
}

std::string object(const Diagnostic& diagnostic) {
    std::string notes;
    for (const Note& note : diagnostic.notes)
        notes += fmt::format(R"({}{{"text":{},{}}})", notes.empty() ? "" : ",", json_quote(note.text), origin_fields(note.at));
    return fmt::format(R"({{"severity":"{}","summary":{},"hint":{},{},"errno":{},"notes":[{}]}})",
                       diagnostic.severity == Severity::error ? "error" : "warning", json_quote(diagnostic.summary),
                       json_quote(diagnostic.hint), origin_fields(diagnostic.at), diagnostic.error, notes);
}

}  // namespace

std::string render_json(const Diagnostics& diagnostics) {
    std::string list;
    for (const Diagnostic& diagnostic : diagnostics)
        list += (list.empty() ? "\n  " : ",\n  ") + object(diagnostic);
    return fmt::format("{{\"version\":1,\"problems\":[{}{}]}}\n", list, list.empty() ? "" : "\n");
}

}  // namespace vmspawn
