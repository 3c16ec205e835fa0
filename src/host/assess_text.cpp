#include "base/text.hpp"
#include "host/probe.hpp"

#include <string_view>

namespace vmspawn {

namespace {

constexpr std::size_t width = 80;
constexpr std::size_t name_column = 6;
constexpr std::size_t text_column = 25;

struct Mark {
    std::string_view word;
    std::string_view colour;
};

Mark mark_of(HostItem::Verdict verdict) {
    switch (verdict) {
        case HostItem::Verdict::pass:
            return {"PASS", "\x1b[32m"};
        case HostItem::Verdict::warn:
            return {"WARN", "\x1b[33m"};
        case HostItem::Verdict::fail:
            break;
    }
    return {"FAIL", "\x1b[31m"};
}

/// Breaks at blanks; later lines start at text_column. A word that is longer than the line stays whole.
std::string wrap(std::string_view text) {
    std::string lines;
    std::size_t column = text_column;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (column != text_column && column + 1 + display_width(word) > width) {
            lines += "\n" + std::string(text_column, ' ');
            column = text_column;
        }
        if (column != text_column) {
            lines += ' ';
            column++;
        }
        lines += word;
        column += display_width(word);
    }
    return lines + "\n";
}

std::string padded(std::string text, std::size_t columns) {
    const std::size_t used = display_width(text);
    text.append(used < columns ? columns - used : 1, ' ');
    return text;
}

}  // namespace

std::string host_text(const Host& host, bool colour) {
    std::string text;
    for (const HostItem& item : assess(host)) {
        const Mark mark = mark_of(item.verdict);
        text += colour ? std::string(mark.colour) + std::string(mark.word) + "\x1b[0m" : std::string(mark.word);
        text += std::string(name_column - mark.word.size(), ' ');
        text += padded(printable(item.name), text_column - name_column) + wrap(printable(item.text));
        if (!item.fix.empty())
            text += std::string(text_column, ' ') + wrap("fix: " + printable(item.fix));
    }
    return text;
}

}  // namespace vmspawn
