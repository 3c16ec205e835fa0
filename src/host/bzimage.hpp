// The compressed kernel inside a bzImage, by the boot protocol's header (Linux, Documentation/arch/x86/boot.rst).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vmspawn {

/// Where the payload stands in the file, in bytes. Only read from the header: not compared with the size of the file.
struct PayloadPlace {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;  ///< with the four bytes at its end that hold the unpacked size
};

/// From the first kilobyte of a file; nothing for what is no bzImage of protocol 2.08 or later.
std::optional<PayloadPlace> bzimage_payload(std::string_view beginning);

constexpr std::size_t compression_magic_bytes = 6;
/// "gzip", "xz", "zstd" or "lz4" by the first bytes of a payload; empty for another.
std::string_view compression_of(std::string_view magic);

}  // namespace vmspawn
