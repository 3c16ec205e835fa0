// Processes below others.
#pragma once

#include <sys/types.h>
#include <vector>

namespace vmspawn {

/// These, and all that they have started, as far as it still runs.
std::vector<pid_t> with_descendants(const std::vector<pid_t>& processes);

}  // namespace vmspawn
