// Where programs are.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vmspawn {

/// The first executable regular file of that name in the absolute directories of `path` (as $PATH), then in `more`. Empty: none.
/// A name with a slash is looked at where it points.
std::string search_path(std::string_view name, std::string_view path, std::span<const std::string_view> more = {});

/// $PATH, or the usual one where that is not set.
std::string executable_path();

/// Directories outside $PATH where distributions put helpers such as virtiofsd.
std::span<const std::string_view> helper_directories();

}  // namespace vmspawn
