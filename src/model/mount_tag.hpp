// By which name a guest finds a directory that is shared with it.
#pragma once

#include "model/parts.hpp"

#include <cstddef>
#include <string>

namespace vmspawn {

/// The mount's name where virtio-fs and fstab take it, for those who mount by hand; else a number with a sign that no such name has.
std::string mount_tag(const Mount& mount, std::size_t index);

}  // namespace vmspawn
