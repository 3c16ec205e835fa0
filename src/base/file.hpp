// Whole small files: read with a limit, written so that no one ever sees half of one.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace vmspawn {

/// Up to `limit` bytes of a regular file; EFBIG beyond, EISDIR, EINVAL for what is no regular file. Never waits (FIFO).
Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit);

enum class Existing { replace, keep };

/// Under a temporary name in the same directory, then renamed (replace) or linked (keep: EEXIST when something is there).
Result<void> write_file(const std::filesystem::path& path, std::string_view text, Existing existing, unsigned mode = 0644);

/// For a path where nothing is: the name of a file or directory beside it that may be meant; empty when there is none, or nobody may look.
std::string nearly_named(const std::filesystem::path& path);

}  // namespace vmspawn
