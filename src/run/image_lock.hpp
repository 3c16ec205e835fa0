// QEMU's own image locks, taken on the very descriptor that QEMU gets: so check and use cannot race, and both kinds of users see each
// other.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmspawn {

/// Takes what QEMU takes for a disk that it reads (and writes). EBUSY with the holder in `detail`. The locks belong to the open file:
/// every copy of the descriptor shares them, and they go with the last one.
Result<void> lock_image(int fd, bool writable);

/// "in use by qemu-system-x86_64, pid 123", "in use by another user's process"
std::string image_holder(int fd);

/// The same for a lock that `is_lock` knows by its line in /proc/PID/fdinfo/N.
std::string lock_holder(int fd, bool (*is_lock)(const std::string& line));

}  // namespace vmspawn
