// The time of day.
#pragma once

#include <chrono>
#include <cstdint>

namespace vmspawn {

/// Now, in microseconds since 1970.
inline std::uint64_t microseconds_since_1970() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since).count());
}

}  // namespace vmspawn
