// Renderings of the language: --help, shell completions and the manual's option lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

class Language;

/// `vmspawn --help`: verbs, then flags by section. Fits 80 columns.
std::string help_text(const Language& language);
/// `vmspawn VERB --help`.
std::string help_text(const Language& language, std::string_view verb);

/// `systemd-vmspawn --help`.
std::string help_text_of_systemd_vmspawn(const Language& language);

/// bash, zsh or fish; empty for any other name.
std::string completion_script(const Language& language, std::string_view shell);

/// DocBook lists of all flags and keys, included by man/vmspawn.xml and man/vmspawn.definition.xml:
/// a <refsect2> for each section, for an external entity inside a <refsect1>.
std::string manual_options(const Language& language);
std::string manual_keys(const Language& language);

/// A file of the source tree that is generated from the schema.
struct GeneratedFile {
    std::string path;  ///< from the top of the tree: "completions/vmspawn.bash"
    std::string text;
};
std::vector<GeneratedFile> generated_files(const Language& language);

}  // namespace vmspawn
