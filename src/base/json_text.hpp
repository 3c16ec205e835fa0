// JSON where the library for it is out of reach.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// A string, quotes included. Invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace vmspawn
