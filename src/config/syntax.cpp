#include "config/syntax.hpp"

#include "base/text.hpp"
#include "base/utf8.hpp"
#include "language/formats.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmspawn {

namespace {

/// One line by code points, so that columns can be used as they are.
class Line {
public:
    Line(std::string_view text, std::uint32_t number) {
        for (std::uint32_t i = 1; i < number && !text.empty(); ++i)
            text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
        text = text.substr(0, text.find('\n'));
        if (text.ends_with('\r'))
            text.remove_suffix(1);
        while (!text.empty()) {
            const std::size_t bytes = decode_utf8(text).bytes;
            points_.push_back(text.substr(0, bytes));
            text.remove_prefix(bytes);
        }
    }

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(points_.size()); }
    /// Empty past the end.
    [[nodiscard]] std::string_view at(std::uint32_t column) const {
        return column >= 1 && column <= points_.size() ? points_[column - 1] : std::string_view();
    }
    [[nodiscard]] bool is_any(std::uint32_t column, std::string_view letters) const {
        return !at(column).empty() && letters.find(at(column)) != std::string_view::npos;
    }
    [[nodiscard]] std::string text(std::uint32_t begin, std::uint32_t end) const {
        std::string out;
        for (std::uint32_t column = begin; column < end; ++column)
            out += at(column);
        return out;
    }

private:
    std::vector<std::string_view> points_;
};

/// The parser's sentence without its opening, and where it was: "Error while parsing CONTEXT: DETAIL".
struct Sentence {
    std::string_view context, detail;

    explicit Sentence(std::string_view description) : detail(description) {
        constexpr std::string_view opening = "Error while parsing ";
        const auto colon = description.find(": ");
        if (!description.starts_with(opening) || colon == std::string_view::npos)
            return;
        context = description.substr(opening.size(), colon - opening.size());
        detail = description.substr(colon + 2);
    }
};

struct Finding {
    std::string summary;
    std::string hint;
    std::uint32_t begin = 0, end = 0;  ///< columns
};

/// The bare word around `column`.
Finding word_at(const Line& line, std::uint32_t column) {
    constexpr std::string_view stops = " \t,[]{}=#\"'";
    std::uint32_t begin = std::min(column, line.size() + 1);
    if (begin > 1 && (begin > line.size() || line.is_any(begin, stops)))
        --begin;  // the parser stopped just after the word
    while (begin > 1 && !line.is_any(begin - 1, stops))
        --begin;
    std::uint32_t end = begin;
    while (end <= line.size() && !line.is_any(end, stops))
        ++end;
    return {"", "", begin, end};
}

std::string bare_word_hint(const std::string& word) {
    if (parse_boolean(word) && word.size() > 1 && !std::isdigit(static_cast<unsigned char>(word.front())))
        return fmt::format("write {}", *parse_boolean(word) ? "true" : "false");
    if (parse_size(word))
        return fmt::format("a size with a suffix needs quotes: \"{}\"", word);
    return code_points(word) <= 40 ? fmt::format("text needs quotes: {}", toml_quote(word)) : "text needs quotes";
}

/// yes, 2G, fedora, /srv/a.raw: a text without its quotes.
std::optional<Finding> bare_word(const Line& line, const Sentence& said, std::uint32_t column) {
    constexpr std::array<std::string_view, 10> contexts = {"value",         "boolean",        "decimal integer", "hexadecimal integer",
                                                           "octal integer", "binary integer", "floating-point",  "date",
                                                           "time",          "date-time"};
    const bool is_end = said.detail.ends_with("closing ']', saw '.'");
    if (std::ranges::find(contexts, said.context) == contexts.end() && !is_end)
        return std::nullopt;
    Finding out = word_at(line, column);
    const std::string word = line.text(out.begin, out.end);
    if (word.empty())
        return std::nullopt;
    const bool is_number = said.detail.find("representable") != std::string_view::npos || said.detail.starts_with("leading zeroes");
    out.summary = is_number ? fmt::format("{} is not a number of TOML: {}", word,
                                          said.detail.starts_with("leading") ? "it begins with 0" : "it does not fit 64 bits")
                            : fmt::format("{} is not a TOML value", word);
    out.hint = is_number ? "" : bare_word_hint(word);
    return out;
}

/// A string, list or inline table that ends with the line or the file.
std::optional<Finding> not_closed(const Line& line, const Sentence& said, std::uint32_t column) {
    const bool at_end = said.detail == "encountered end-of-file" || column > line.size();
    if (!at_end)
        return std::nullopt;
    const std::uint32_t begin = std::max<std::uint32_t>(1, std::min(column, line.size() + 1));
    if (said.context.ends_with("string"))
        return Finding{"the string is not closed", "the closing quote is missing", begin, begin + 1};
    if (said.context == "array")
        return Finding{"the list is not closed", "expected ]", begin, begin + 1};
    if (said.context == "inline table" && said.detail == "encountered end-of-file")
        return Finding{"the inline table is not closed", "expected }", begin, begin + 1};
    if (said.context == "inline table")
        return Finding{"an inline table stands on one line", "for more lines use a [table] header", begin, begin + 1};
    if (said.context == "table header")
        return Finding{"the table header is not closed", "expected ]", begin, begin + 1};
    return std::nullopt;
}

/// "cannot redefine existing KIND 'NAME'"; toml++ names the last part only.
std::optional<Finding> set_twice(const Line& line, const Sentence& said) {
    if (!said.detail.starts_with("cannot redefine existing"))
        return std::nullopt;
    Finding out;
    out.begin = 1;
    while (line.is_any(out.begin, " \t"))
        ++out.begin;
    const bool is_header = line.at(out.begin) == "[";
    out.end = out.begin;
    while (out.end <= line.size() && !line.is_any(out.end, is_header ? "#" : "="))
        ++out.end;
    while (out.end > out.begin + 1 && line.is_any(out.end - 1, " \t"))
        --out.end;
    const bool is_part = said.detail.find(" as dotted") != std::string_view::npos;
    const std::string key = line.text(out.begin, out.end);
    out.summary = is_part ? fmt::format("{} goes through a key that is no table", key)
                          : fmt::format("{} is {} already", key, is_header ? "defined" : "set");
    out.hint = is_header ? "put all its keys in one place" : is_part ? "" : "remove one of the two";
    return out;
}

/// A line that is no `key = value`.
std::optional<Finding> malformed_line(const Line& line, const Sentence& said, std::uint32_t column) {
    const std::uint32_t begin = std::max<std::uint32_t>(1, std::min(column, line.size() + 1));
    if (said.context == "root table")
        return Finding{fmt::format("a key cannot begin with {}", line.at(column)), "keys with other characters need quotes", begin,
                       begin + 1};
    if (said.context == "table header" && said.detail.starts_with("expected ']'"))
        return Finding{"the table header is malformed", "expected ]; a name with blanks needs quotes", begin, begin + 1};
    if (said.context != "key-value pair")
        return std::nullopt;
    const std::string before = line.text(1, column);
    const auto equals = before.find('=');
    if (equals != std::string::npos && before.find_first_not_of(" \t", equals + 1) == std::string::npos)
        return Finding{"a value is missing", "expected KEY = VALUE", begin, begin + 1};
    if (equals != std::string::npos)
        return Finding{"something stands after the value", "one KEY = VALUE a line; text with blanks needs quotes", begin, line.size() + 1};
    if (line.at(column) == ":")
        return Finding{"expected '=' after the key", "write KEY = VALUE", begin, begin + 1};
    return Finding{"expected '=' after the key", "expected KEY = VALUE; blanks and other characters in a key need quotes", begin,
                   begin + 1};
}

struct Rewording {
    std::string_view context, detail;  ///< the end of the parser's context, and what its detail contains
    std::string_view summary, hint;
    int before;  ///< columns that the caret begins earlier
};

constexpr Rewording rewordings[] = {
    {"string", "unknown escape sequence", "", "write \\\\ for a backslash, or use 'single quotes'", 1},
    {"string", "control characters", "a control character in the text", "write it as an escape such as \\u0001", 0},
    {"array", "expected comma", "a comma is missing", "expected , or ]", 0},
    {"inline table", "dangling comma", "a comma before }", "remove the comma", 0},
    {"table header", "blank bare keys", "the table header is empty", "expected [NAME]", 0},
    {"", "maximum nest", "nested too deeply", "", 0},
};

Finding reword(const Line& line, const Sentence& said, std::uint32_t column) {
    const std::uint32_t end = std::min(column, line.size() + 1) + 1;
    for (const Rewording& each : rewordings)
        if (said.context.ends_with(each.context) && said.detail.find(each.detail) != std::string_view::npos)
            return {std::string(each.summary.empty() ? said.detail : each.summary), std::string(each.hint),
                    end - std::min(end, static_cast<std::uint32_t>(1 + each.before)), end};
    return {std::string(said.detail), "", end - 1, end};
}

}  // namespace

Diagnostic syntax_error(const std::shared_ptr<const Source>& source, Position at, std::string_view description) {
    at = {std::max(at.line, 1U), std::max(at.column, 1U)};
    const Line line(source->text, at.line);
    const Sentence said(description);
    auto finding = set_twice(line, said);
    if (!finding)
        finding = not_closed(line, said, at.column);
    if (!finding)
        finding = bare_word(line, said, at.column);
    if (!finding)
        finding = malformed_line(line, said, at.column);
    if (!finding)
        finding = reword(line, said, at.column);
    const Span span{{at.line, std::max(finding->begin, 1U)}, {at.line, std::max(finding->end, finding->begin + 1)}};
    return error("TOML syntax: " + finding->summary, FromFile{source, span}).with_hint(finding->hint);
}

}  // namespace vmspawn
