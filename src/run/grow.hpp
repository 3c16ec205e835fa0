// Makes a disk image larger, so that whoever is killed at any moment leaves a valid one.
#pragma once

#include "base/result.hpp"
#include "plan/action.hpp"

#include <functional>
#include <string>

namespace vmspawn {

struct GrowTalk {
    std::function<void()> slow;                            ///< each second that it takes
    std::function<void(const std::string& text)> warning;  ///< the machine can start all the same
};

/// `fd` is open for writing, and locked. A larger image and a block device stay as they are. On failure the image is as it was.
Result<void> grow_image(int fd, const Grow& grow, const GrowTalk& talk);

}  // namespace vmspawn
