// Reads partition tables and the names of file systems by libblkid.
#pragma once

#include "host/disk_layout.hpp"

#include <functional>
#include <string>

namespace vmspawn {

/// Of an open file or block device. `load`, when given, is called before a partition is looked into: it brings `size` bytes from
/// `offset` of the disk into the file.
DiskLayout read_layout(int fd, const std::function<void(std::uint64_t offset, std::uint64_t size)>& load = {});

/// Of an image: raw, or qcow2 (the few blocks that matter are read by qemu-img). Changes nothing.
DiskLayout probe_layout(const std::string& path);

}  // namespace vmspawn
