// Opens what a plan names, with the caller's rights, for a child.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

namespace vmspawn {

Result<Fd> open_file(const OpenFile& action);

}  // namespace vmspawn
