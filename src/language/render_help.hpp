// Renderings of the language: --help, shell completions and the manual's option lists.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

class Language;

/// `vmspawn --help`: verbs, then flags by section. Fits 80 columns.
std::string help_text(const Language& language);
/// `vmspawn VERB --help`.
std::string help_text(const Language& language, std::string_view verb);

/// bash, zsh or fish; empty for any other name.
std::string completion_script(const Language& language, std::string_view shell);

/// DocBook <variablelist>s of all keys and flags, included by man/vmspawn.xml and man/vmspawn.definition.xml.
std::string manual_options(const Language& language);
std::string manual_keys(const Language& language);

}  // namespace vmspawn
