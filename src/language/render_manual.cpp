// DocBook lists for the manual: man/options.xml and man/keys.xml.
#include "base/text.hpp"
#include "language/flag_rows.hpp"
#include "language/render_help.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmspawn {

namespace {

std::string xml(std::string_view text) {
    std::string result;
    for (const char c : text)
        result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    return result;
}

/// The lists stand inside a <refsect1> of the pages, as external entities.
constexpr std::string_view head =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<!-- Generated from schema/vmspawn.schema.json; refresh with the target \"refresh\" of the build -->\n";

std::string list(std::string_view title, std::string_view introduction, const std::string& entries) {
    const std::string paragraph = introduction.empty() ? "" : fmt::format("  <para>{}</para>\n", xml(introduction));
    return fmt::format("<refsect2>\n  <title>{}</title>\n{}  <variablelist>\n{}  </variablelist>\n</refsect2>\n", xml(title), paragraph,
                       entries);
}

std::string item(const std::string& terms, const std::string& text) {
    return fmt::format("    <varlistentry>\n{}      <listitem><para>{}</para></listitem>\n    </varlistentry>\n", terms, text);
}

std::string flag_terms(const Flag& flag) {
    const std::string argument = flag.argument.empty() ? "" : fmt::format("<replaceable>{}</replaceable>", xml(flag.argument));
    std::string terms;
    if (flag.short_name)
        terms += fmt::format("      <term><option>-{}</option>{}{}</term>\n", flag.short_name, argument.empty() ? "" : " ", argument);
    return terms + fmt::format("      <term><option>--{}{}</option>{}</term>\n", flag.long_name, argument.empty() ? "" : "=", argument);
}

std::string literals(const std::vector<std::string>& words) {
    std::vector<std::string> marked;
    for (const std::string& word : words)
        marked.push_back(fmt::format("<literal>{}</literal>", xml(word)));
    return join_words(marked, ", ", " or ");
}

std::string since(const Setting& setting) {
    if (setting.since == "new")
        return " systemd-vmspawn does not have it.";
    return fmt::format(" In systemd-vmspawn since version {}.", setting.since);
}

std::string flag_item(const FlagRow& row) {
    std::string text = xml(row.description);
    if (row.is_closed)
        text += fmt::format(" One of {}.", literals(row.words));
    if (!row.key.empty())
        text += fmt::format(" Key: <varname>{}</varname>.", xml(row.key));
    if (row.repeats && row.flag->form == Form::list)
        text += " May be given several times; an empty value drops what came before.";
    else if (row.repeats)
        text += " May be given several times.";
    return item(flag_terms(*row.flag), text);
}

std::string type_of(const Setting& setting) {
    const std::string list = setting.accepts.list ? "A list; each element: " : "";
    if (!setting.words.empty() && !setting.accepts.boolean)
        return fmt::format("{}{}.", list.empty() ? "One of " : list, literals(setting.words));
    if (setting.expect.empty())
        return {};
    std::string text = list + setting.expect;
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
    return xml(text) + '.';
}

std::string flags_of(const Setting& setting) {
    std::vector<std::string> names;
    for (const Flag& flag : setting.flags)
        names.push_back(fmt::format("<option>--{}</option>", flag.long_name + (flag.argument.empty() ? "" : "=")));
    return names.empty() ? "" : fmt::format(" Flag: {}.", join_words(names, ", ", " and "));
}

std::string key_item(const Setting& setting) {
    std::string text = fmt::format("{} {}", xml(setting.description), type_of(setting));
    if (setting.required)
        text += " Required.";
    if (!setting.default_json.empty())
        text += fmt::format(" Default: <literal>{}</literal>.", xml(setting.default_json));
    text += flags_of(setting) + since(setting);
    return item(fmt::format("      <term><varname>{}</varname></term>\n", xml(printed_key(setting.key))), text);
}

std::string titled_keys(const Language& language, const Section& section) {
    std::string entries;
    for (const Setting& setting : language.settings())
        if (setting.section == section.title)
            entries += key_item(setting);
    return entries.empty() ? entries : list(section.title, section.description, entries);
}

bool is_first_of_title(const Language& language, const Section& section) {
    const auto first = std::find_if(language.sections().begin(), language.sections().end(),
                                    [&](const Section& other) { return other.title == section.title; });
    return &*first == &section;
}

}  // namespace

std::string manual_options(const Language& language) {
    std::string text(head);
    std::string common;
    for (const FlagRow& row : common_rows(language, ""))
        common += flag_item(row);
    text += list("General", "", common);
    for (const FlagGroup& group : flag_groups(language)) {
        std::string entries;
        for (const FlagRow& row : group.rows)
            entries += flag_item(row);
        text += list(group.title, "", entries);
    }
    return text;
}

std::string manual_keys(const Language& language) {
    std::string text(head);
    for (const Section& section : language.sections())
        if (is_first_of_title(language, section))
            text += titled_keys(language, section);
    return text;
}

std::vector<GeneratedFile> generated_files(const Language& language) {
    return {{"completions/vmspawn.bash", completion_script(language, "bash")},
            {"completions/_vmspawn", completion_script(language, "zsh")},
            {"completions/vmspawn.fish", completion_script(language, "fish")},
            {"man/options.xml", manual_options(language)},
            {"man/keys.xml", manual_keys(language)}};
}

}  // namespace vmspawn
