#include "language/render_help.hpp"

#include "base/called_as.hpp"
#include "base/text.hpp"
#include "language/flag_rows.hpp"

#include <fmt/format.h>

namespace vmspawn {

namespace {

constexpr std::size_t page_width = 80;
constexpr std::size_t text_column = 30;

std::string indentation(std::size_t count) {
    return std::string(count, ' ');
}

/// Breaks `text` at blanks into lines that start at column `indent`; the first starts where the line stands already.
std::string wrap(std::string_view text, std::size_t indent) {
    std::string result;
    std::size_t column = indent;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        const std::size_t width = display_width(word);
        if (column > indent && column + 1 + width > page_width) {
            result += '\n' + indentation(indent);
            column = indent;
        } else if (column > indent) {
            result += ' ';
            ++column;
        }
        result += word;
        column += width;
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return result;
}

/// "  term       what it does", the text on a line of its own where the term is long.
std::string entry(const std::string& term, const std::string& text) {
    const std::size_t width = 2 + display_width(term);
    const std::string gap = width + 1 < text_column ? indentation(text_column - width) : '\n' + indentation(text_column);
    return fmt::format("  {}{}{}\n", term, gap, wrap(text, text_column));
}

std::string term_of(const Flag& flag) {
    const std::string short_form = flag.short_name ? fmt::format("-{} ", flag.short_name) : "";
    const std::string argument = flag.argument.empty() ? "" : "=" + flag.argument;
    return short_form + "--" + flag.long_name + argument;
}

/// The words are named where the argument's own name does not say them.
std::string text_of(const FlagRow& row) {
    const bool is_boolean = row.flag->argument == "WANT" || row.flag->argument == "BOOL";
    if (!row.is_closed || is_boolean)
        return row.description;
    return fmt::format("{} One of {}.", row.description, join_words(row.words, ", ", ", "));
}

std::string list_of(const std::string& title, const std::vector<FlagRow>& rows) {
    if (rows.empty())
        return "";
    std::string text = fmt::format("\n{}:\n", title);
    for (const FlagRow& row : rows)
        text += entry(term_of(*row.flag), text_of(row));
    return text;
}

std::vector<FlagRow> rows_for(CalledAs called, std::vector<FlagRow> rows) {
    if (called == CalledAs::systemd_vmspawn)
        std::erase_if(rows, [](const FlagRow& row) { return row.flag->since == "new"; });
    return rows;
}

std::string setting_lists(const Language& language, CalledAs called = CalledAs::vmspawn) {
    std::string text;
    for (const FlagGroup& group : flag_groups(language))
        text += list_of(group.title, rows_for(called, group.rows));
    text += '\n';
    text += wrap(
        "BOOL is yes or no, WANT may also be auto. SIZE is bytes, or a number with a suffix of K M G T P E (base 1024). "
        "SPAN is a time such as 90s or 1min 30s.",
        0);
    return text + '\n';
}

std::string verb_term(const VerbEntry& verb) {
    return verb.synopsis.empty() ? verb.name : fmt::format("{} {}", verb.name, verb.synopsis);
}

}  // namespace

std::string help_text(const Language& language) {
    std::string text = "vmspawn VERB [ARGUMENT…] [FLAGS] [-- WORD…]\n\nRun a virtual machine from a definition.\n\nVerbs:\n";
    for (const VerbEntry& verb : language.verbs())
        text += entry(verb_term(verb), verb.description);
    text += list_of("Flags", common_rows(language, ""));
    return text + setting_lists(language);
}

std::string help_text_of_systemd_vmspawn(const Language& language) {
    constexpr CalledAs called = CalledAs::systemd_vmspawn;
    std::string text = "systemd-vmspawn [FLAGS] [WORD…]\n\n";
    text += wrap(
        "Run a disk image or a directory as a virtual machine until it ends. Each WORD is added to the kernel's command line; those that "
        "begin with - stand after --. Without --image, --directory and --machine the working directory is run.",
        0);
    text += '\n' + list_of("Flags", rows_for(called, common_rows(language, "run")));
    return text + setting_lists(language, called);
}

std::string help_text(const Language& language, std::string_view verb) {
    const VerbEntry* known = language.find_verb(verb);
    if (!known)
        return help_text(language);
    std::string text = fmt::format("vmspawn {}\n\n{}\n", verb_term(*known), wrap(known->description, 0));
    text += fmt::format("\nFor example:\n  {}\n", join_words(known->examples, "\n  ", "\n  "));
    if (!known->words.empty())
        text += fmt::format("\n{} is one of {}.\n", known->synopsis, join_words(known->words, ", ", ", "));
    text += list_of("Flags", common_rows(language, verb));
    return known->takes_settings ? text + setting_lists(language) : text;
}

}  // namespace vmspawn
