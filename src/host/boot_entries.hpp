// Looks for ways to boot a directory tree.
#pragma once

#include "host/tree.hpp"

#include <string>

namespace vmspawn {

/// Entries of the Boot Loader Specification below /efi and /boot, which may be plain directories, then kernels that packages left in
/// /usr/lib/modules and /boot. Reads little: at most 1000 names of a directory, 64 KiB of an entry. Changes nothing.
TreeAnswer probe_tree(const std::string& tree);

}  // namespace vmspawn
