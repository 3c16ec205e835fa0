// Empties a directory by descriptors only: no link is followed, nothing outside is touched.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmspawn {

/// `last` is a name in it that goes after all others.
Result<void> remove_contents(int directory, const std::string& last = "");

bool is_empty_directory(int directory);

}  // namespace vmspawn
