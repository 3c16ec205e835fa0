// Splits a line into words as systemd does: blanks between, '…' and "…" around, C escapes after a backslash.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Nothing when a quote stays open, or an escape is unknown, cut short or a NUL.
std::optional<std::vector<std::string>> unquote_words(std::string_view text);

}  // namespace vmspawn
