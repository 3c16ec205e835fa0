// An empty qcow2 image for the writes of a machine that leaves its disk as it is.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <cstdint>
#include <string>

namespace vmspawn {

/// The beginning of the image file; zeros follow up to `file_size`.
struct EmptyOverlay {
    std::string beginning;
    std::uint64_t file_size = 0;
};

/// Version 3, clusters of 64 KiB, nothing allocated. It names no backing file: QEMU is told. `size` is what the guest sees, up to
/// largest_overlay bytes.
EmptyOverlay empty_overlay(std::uint64_t size);

Result<Fd> make_overlay(const MakeOverlay& action);

}  // namespace vmspawn
