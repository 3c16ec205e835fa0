// How a disk image grows, as a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vmspawn {

/// Make a disk image larger, on the descriptor that is open and locked. Its partition table follows when it is a GPT: the copy at the
/// end moves. A machine that is killed here leaves a valid image; one that fails leaves the image as it was.
struct Grow {
    std::uint64_t size = 0;  ///< bytes; a larger image stays as it is
    /// qcow2 only, as an image may be grown only by who knows its format: descriptor 3 of these programs is the image's file.
    struct Tools {
        std::string qemu_img;
        std::string storage_daemon;  ///< empty: the partition table is left to the guest
        std::string image;           ///< the record of the image, a JSON object as -blockdev takes it, without "node-name"
    };
    std::optional<Tools> qcow2;
};

}  // namespace vmspawn
