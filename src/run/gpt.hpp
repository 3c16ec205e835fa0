// The partition table of a disk that became larger.
#pragma once

#include "base/result.hpp"

#include <cstdint>

namespace vmspawn {

/// The copy of a GPT's header belongs into the disk's last sector (UEFI 2.10, 5.3.1). True when the disk, of sectors of 512 bytes, has
/// a GPT whose copy stands elsewhere.
bool gpt_copy_is_astray(int fd, std::uint64_t size);

/// Writes the copy into the last sectors, then the header that names it: whoever is killed between leaves a valid table. Does not sync.
/// ENOENT with the package's name where libfdisk is not installed.
Result<void> move_gpt_copy(int fd);

/// Whether all that the table uses lies below `size`: a disk may be cut there.
bool gpt_fits(int fd, std::uint64_t size);

}  // namespace vmspawn
