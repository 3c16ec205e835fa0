// The language as rows. They are read from the schema while vmspawn is built, and stand in the program as bytes: reading JSON at each
// start would take longer than all the rest of a start.
#pragma once

#include "language/schema.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// The rows that a schema describes. A broken one ends the program with a message.
LanguageRows rows_from_schema(std::string_view schema_json);

std::string pack_rows(const LanguageRows& rows);
/// `bytes` must come from pack_rows().
LanguageRows unpack_rows(std::string_view bytes);

/// pack_rows() of the embedded schema.
std::string_view packed_rows();

}  // namespace vmspawn
