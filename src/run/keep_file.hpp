// State that outlives the run: made whole or not at all, opened for one writer.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

namespace vmspawn {

/// Open for reading and writing, with QEMU's image lock; EBUSY names the holder. A file that is missing is made first, 0600, and
/// directories that are missing above it, 0700. Whenever vmspawn is killed, there is no file of that name or a whole one.
Result<Fd> keep_file(const KeepFile& action);

}  // namespace vmspawn
