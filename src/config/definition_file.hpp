// The bytes of a definition file, read without trusting what the path leads to.
#pragma once

#include "base/diagnostic.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace vmspawn {

/// The most that a definition may hold. A definition is short, and what parses it uses stack by the length of its keys.
inline constexpr std::size_t most_definition_bytes = 65536;

/// The text without a byte order mark. Refuses what is no regular file before opening it, and never reads more than the limit and one byte.
/// A problem is put at `mentioned`, or at the file as a whole when that is FromDefault.
std::optional<std::string> read_definition_file(const std::filesystem::path& path, const std::string& name, const Origin& mentioned,
                                                Diagnostics& found);

/// Invalid UTF-8, NUL bytes and keys of so many parts that the parser could run out of stack. False when a problem was added.
bool check_text(const std::shared_ptr<const Source>& source, Diagnostics& found);

}  // namespace vmspawn
