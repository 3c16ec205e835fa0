// Keys of the language whose effect is still to be built: `run` and `plan` refuse them under a caret. Shrinks to nothing.
#pragma once

#include "base/diagnostic.hpp"
#include "config/merge.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace vmspawn {

struct NotYet {
    std::string_view key;                   ///< pattern: "drive.*.disk-type"
    std::vector<std::string_view> allowed;  ///< values that ask for nothing missing: "no", "auto"; empty: any value is refused
};

std::span<const NotYet> not_yet();

/// An error "… is not supported yet" for each such key that a file or flag sets to a value outside `allowed`.
void refuse_not_yet(const Merged& merged, Diagnostics& found);

}  // namespace vmspawn
