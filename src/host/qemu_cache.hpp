// What a QEMU binary answered, kept until the binary changes. A cache that cannot be read or written is no error: QEMU is asked again.
#pragma once

#include "host/qemu_probe.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmspawn {

/// What the answers depend on.
struct QemuKey {
    std::string path;  ///< with all links resolved
    std::uint64_t size = 0;
    std::int64_t changed = 0;  ///< nanoseconds since the epoch
    bool io_uring = false;     ///< the kernel lets us use it; one feature is tried, not read
};

/// Nothing when the binary is not there.
std::optional<QemuKey> qemu_key(const std::string& binary);

/// $XDG_CACHE_HOME/vmspawn or ~/.cache/vmspawn; empty where there is no home or it is another user's.
std::string cache_directory();

std::optional<ProbedQemu> load_cached(const std::string& directory, const QemuKey& key);
void store_cached(const std::string& directory, const QemuKey& key, const ProbedQemu& probed);

}  // namespace vmspawn
