// The kernel that QEMU starts: the file, or what is packed in it.
#pragma once

#include "plan/contributors.hpp"

namespace vmspawn {

/// Opens Planning::kernel or unpacks it, with the reason; `kernel` is what the host answered about it.
Action kernel_action(Planning& planning, const FileAnswer& kernel);

}  // namespace vmspawn
