// Paths as definitions and flags write them.
#pragma once

#include "base/origin.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace vmspawn {

/// Where vmspawn was started: where relative paths and "~/" start. Of a value from a file: the file's own directory; of a flag:
/// `working_directory`.
struct PathBase {
    std::filesystem::path working_directory;
    std::filesystem::path home;  ///< empty: "~/" is an error
    std::string host_name = {};  ///< names a machine whose root is "/"
};

/// The absolute path, without ".", ".." and a trailing slash, that `text` means where it stands. Nothing when it needs a home and there is
/// none.
std::optional<std::filesystem::path> resolve_path(const std::string& text, const Origin& at, const PathBase& base);

}  // namespace vmspawn
