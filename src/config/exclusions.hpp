// Flags, other than those of settings, that make no sense together.
#pragma once

#include "config/arguments.hpp"

namespace vmspawn {

void judge_exclusions(const Invocation& said, Diagnostics& found);

}  // namespace vmspawn
