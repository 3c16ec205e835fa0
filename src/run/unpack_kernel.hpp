// A bzImage's kernel, unpacked for PVH entry: the guest starts in the kernel itself, not in its decompressor.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

namespace vmspawn {

/// The unpacked kernel, read-only; the file as it is where its kernel has no PVH entry or does not unpack. Kept in the action's cache
/// directory, so that only the first start unpacks. Fails when the kernel cannot be read.
Result<Fd> open_unpacked(const UnpackKernel& action);

}  // namespace vmspawn
