// Numbers in the headers of files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmspawn {

/// Little-endian, `size` bytes of at most 8; 0 beyond the end.
inline std::uint64_t number_at(std::string_view bytes, std::size_t offset, std::size_t size) {
    if (offset > bytes.size() || bytes.size() - offset < size)
        return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; i++)
        value |= std::uint64_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    return value;
}

}  // namespace vmspawn
