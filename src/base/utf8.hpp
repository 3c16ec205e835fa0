// Decoding UTF-8 one code point at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace vmspawn {

struct CodePoint {
    char32_t value = 0;     ///< the byte itself when !valid
    std::size_t bytes = 1;  ///< never 0
    bool valid = false;
};

/// The code point at the front of `text`, which must not be empty. Overlong forms and surrogates are not valid.
CodePoint decode_utf8(std::string_view text);

/// Columns on a terminal: 0, 1 or 2.
std::size_t column_width(char32_t code_point);

}  // namespace vmspawn
