// A directory of state that outlives the run, for one run at a time.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <filesystem>

namespace vmspawn {

struct KeptDirectory {
    Fd directory;                ///< locked; the lock belongs to every copy of it and goes with the last one
    std::filesystem::path made;  ///< empty: it was there before
};

/// Open, and locked where it has a path of its own; EBUSY names the holder. `runtime`: the runtime directory, for one without a path, which
/// is called `name` there.
Result<KeptDirectory> keep_directory(const KeepDirectory& action, int runtime, const std::string& name);

/// One that this run made goes if it is still empty.
void leave_directory(KeptDirectory directory);

/// Makes what is missing of them, 0700.
Result<void> make_directories(const std::filesystem::path& directory);

}  // namespace vmspawn
