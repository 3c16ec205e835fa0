// What the TOML parser says, told in our own shape: summary, exact place and a hint at the usual slips.
#pragma once

#include "base/diagnostic.hpp"

#include <memory>
#include <string_view>

namespace vmspawn {

/// `description` is the parser's sentence, `at` where it stopped (often just after the mistake).
Diagnostic syntax_error(const std::shared_ptr<const Source>& source, Position at, std::string_view description);

}  // namespace vmspawn
