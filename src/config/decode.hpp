// Merged -> Machine: a typed reader that notes every key it read. One line per field.
#pragma once

#include "base/diagnostic.hpp"
#include "config/merge.hpp"
#include "model/machine.hpp"

#include <set>

namespace vmspawn {

/// Where relative paths and "~/" start. Of a value from a file: the file's own directory; of a flag: `working_directory`.
struct PathBase {
    std::filesystem::path working_directory;
    std::filesystem::path home;  ///< empty: "~/" is an error
};

struct Decoded {
    Machine machine;
    std::set<KeyPath> read;  ///< patterns ("mount.*.source") read; a test holds it against the schema
};

/// Needs a validated Merged. Applies the name rule and path bases; then judges the rules of model/rules.
Decoded decode(const Merged& merged, const PathBase& base, Diagnostics& found);

}  // namespace vmspawn
