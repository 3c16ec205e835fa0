// One function per shell, and what they share.
#pragma once

#include "language/flag_rows.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

std::string bash_completion(const Language& language);
std::string zsh_completion(const Language& language);
std::string fish_completion(const Language& language);

/// Verbs that take the flags of settings.
std::vector<std::string> setting_verbs(const Language& language);
/// Every key a user can name without choosing a name: "image.path".
std::vector<std::string> plain_keys(const Language& language);
/// What the words after a verb are.
enum class Operand { nothing, definition, key_and_definition, machine, record, verb, word };
/// A command of any shell that prints the machines that run: their runtime directories' names.
inline constexpr std::string_view running_machines =
    "command find /run/systemd/vmspawn $XDG_RUNTIME_DIR/systemd/vmspawn -mindepth 1 -maxdepth 1 -type d -printf \"%f\\n\" 2>/dev/null";
Operand operand_of(const VerbEntry& verb);

/// 'text' for a shell that knows no escapes between single quotes: ' becomes '\''.
std::string single_quoted(std::string_view text);

/// The first line of each script.
inline constexpr std::string_view generated_note =
    "# Generated from schema/vmspawn.schema.json; refresh with: cmake --build BUILD --target refresh\n";

}  // namespace vmspawn
