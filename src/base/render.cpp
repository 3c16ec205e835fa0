#include "base/render.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace vmspawn {

namespace {

struct Palette {
    std::string_view bold, red, yellow, green, end;
};

Palette palette(Colour colour) {
    return colour == Colour::yes ? Palette{"\033[1m", "\033[1;31m", "\033[1;33m", "\033[1;32m", "\033[0m"} : Palette{};
}

/// One line of text with the columns of its offending part, both ends in code points from 0.
struct Excerpt {
    std::string number;  ///< of the line; blank for an argument
    std::string_view line;
    std::size_t begin = 0, end = 0;
};

std::string_view line_of(std::string_view text, std::uint32_t number) {
    for (std::uint32_t i = 1; i < number; ++i) {
        const auto newline = text.find('\n');
        if (newline == std::string_view::npos)
            return {};
        text.remove_prefix(newline + 1);
    }
    text = text.substr(0, text.find('\n'));
    return text.ends_with('\r') ? text.substr(0, text.size() - 1) : text;
}

std::optional<Excerpt> excerpt(const Origin& at) {
    if (const auto* argument = std::get_if<FromArgument>(&at)) {
        const std::string_view text = argument->text;
        return Excerpt{"", text, code_points(text.substr(0, argument->begin)), code_points(text.substr(0, argument->end))};
    }
    const auto* file = std::get_if<FromFile>(&at);
    if (file == nullptr || file->span.begin.line == 0 || file->source->text.empty())  // no text: it is kept back
        return std::nullopt;
    const Span& span = file->span;
    Excerpt part{std::to_string(span.begin.line), line_of(file->source->text, span.begin.line), span.begin.column - 1, span.end.column - 1};
    if (span.end.line > span.begin.line)  // the caret stands under the first line only
        part.end = code_points(part.line);
    return part;
}

/// The line as it is shown, cell by cell: tabs are one blank, what cannot be shown is a question mark in its place.
struct Cell {
    std::string text;
    std::size_t width;
};

std::vector<Cell> cells(std::string_view line) {
    std::vector<Cell> out;
    while (!line.empty()) {
        const CodePoint point = decode_utf8(line);
        if (point.value == '\t')
            out.push_back({" ", 1});
        else if (!point.valid || point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0))
            out.push_back({"\uFFFD", 1});
        else
            out.push_back({std::string(line.substr(0, point.bytes)), column_width(point.value)});
        line.remove_prefix(point.bytes);
    }
    return out;
}

/// Keeps at most 100 cells around the caret; an ellipsis marks each cut.
std::size_t cut_around(std::vector<Cell>& line, std::size_t begin) {
    constexpr std::size_t most = 100;
    constexpr std::size_t before = 40;
    std::size_t dropped = 0;
    if (line.size() > most && begin > before) {
        dropped = begin - before;
        line.erase(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(dropped));
        line.front() = {"…", 1};
    }
    if (line.size() > most) {
        line.resize(most);
        line.back() = {"…", 1};
    }
    return dropped;
}

std::string show_excerpt(const Excerpt& part, const std::string& hint, const Palette& paint) {
    std::vector<Cell> line = cells(part.line);
    const std::size_t dropped = cut_around(line, part.begin);
    const std::size_t begin = std::min(part.begin - std::min(part.begin, dropped), line.size());
    const std::size_t end = std::clamp(part.end - std::min(part.end, dropped), begin, line.size());
    std::string text, blanks;
    std::size_t carets = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        text += line[i].text;
        if (i < begin)
            blanks.append(line[i].width, ' ');
        else if (i < end)
            carets += line[i].width;
    }
    std::string mark = fmt::format("{}{}{}{}", blanks, paint.green, std::string(std::max<std::size_t>(1, carets), '^'), paint.end);
    if (!hint.empty())
        mark += " " + hint;
    return fmt::format("{:>3} | {}\n    | {}\n", part.number, text, mark);
}

std::string place(const Origin& at) {
    if (std::holds_alternative<FromFile>(at) || std::holds_alternative<FromArgument>(at))
        return printable(to_string(at));
    return "vmspawn";
}

/// The file or flag alone, for the closing line.
std::string subject(const Origin& at) {
    const auto* file = std::get_if<FromFile>(&at);
    return printable(file != nullptr ? file->source->name : to_string(at));
}

}  // namespace

std::string render(const Diagnostic& diagnostic, Colour colour) {
    const Palette paint = palette(colour);
    const bool is_error = diagnostic.severity == Severity::error;
    std::string out = fmt::format("{}{}:{} {}{}:{} {}\n", paint.bold, place(diagnostic.at), paint.end, is_error ? paint.red : paint.yellow,
                                  is_error ? "error" : "warning", paint.end, printable(diagnostic.summary));
    const std::string hint = printable(diagnostic.hint);
    if (const auto part = excerpt(diagnostic.at))
        out += show_excerpt(*part, hint, paint);
    else if (!hint.empty())
        out += fmt::format("    hint: {}\n", hint);
    for (const Note& note : diagnostic.notes) {
        const bool placed = !std::holds_alternative<FromDefault>(note.at);
        out += fmt::format("    note: {}{}\n", placed ? printable(to_string(note.at)) + ": " : "", printable(note.text));
    }
    return out;
}

std::string render(const Diagnostics& diagnostics, Colour colour) {
    std::string out;
    std::vector<std::string> subjects;
    for (const Diagnostic& diagnostic : diagnostics) {
        out += render(diagnostic, colour);
        const std::string name = subject(diagnostic.at);
        const bool placed = std::holds_alternative<FromFile>(diagnostic.at) || std::holds_alternative<FromArgument>(diagnostic.at);
        if (placed && std::ranges::find(subjects, name) == subjects.end())
            subjects.push_back(name);
    }
    if (diagnostics.size() > 1)
        out += fmt::format("{} problems{}{}\n", diagnostics.size(), subjects.empty() ? "" : " in ", join_words(subjects, ", ", ", "));
    return out;
}

}  // namespace vmspawn
