// Opens what a plan names, with the caller's rights, for a child.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"
#include "run/grow.hpp"

namespace vmspawn {

/// `talk` is for an image that grows.
Result<Fd> open_file(const OpenFile& action, const GrowTalk& talk = {});

}  // namespace vmspawn
