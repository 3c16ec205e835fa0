// The four compressions of kernels, each by its own library.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// All of `packed`, which is `compression` ("gzip", "xz", "zstd", "lz4": the frame that kernels use, LZ4's legacy one). Nothing when it is
/// damaged, does not have `size` bytes, or the library is not installed.
std::optional<std::string> decompress(std::string_view compression, std::string_view packed, std::size_t size);

}  // namespace vmspawn
