// One definition file: bytes -> tree. The only file of vmspawn that includes toml++ is document.cpp.
#pragma once

#include "base/diagnostic.hpp"
#include "config/tree.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

struct Document {
    std::shared_ptr<const Source> source;
    Table root;
};

/// Reads a file that must be regular and at most 64 KiB (a definition is short; toml++ 3.3 overflows its stack on long dotted keys).
/// `name` is how messages call it. `mentioned` is where it was asked for (an include line, or FromDefault).
std::optional<Document> read_document(const std::filesystem::path& path, const std::string& name, const Origin& mentioned,
                                      Diagnostics& found);

/// The same for a text at hand: tests and fuzzing.
std::optional<Document> parse_document(std::shared_ptr<const Source> source, Diagnostics& found);

/// A TOML value as written after "--set KEY=". Spans are of `text` itself, 1-based columns.
std::optional<Node> parse_value(std::string_view text, std::string& problem);

}  // namespace vmspawn
