// Flags that are no keys: what they say about the call itself.
#pragma once

#include "config/arguments.hpp"
#include "config/typed.hpp"

namespace vmspawn {

/// Any but --set and --unset, which change the definition. `verb` takes it; null before a verb.
void apply_common_flag(const CommonFlag& common, const VerbEntry* verb, const Typed& typed, Invocation& out, Diagnostics& found);

}  // namespace vmspawn
