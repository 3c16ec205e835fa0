// Partition tables and file systems: bytes as a disk, read by libblkid through our wrapper.
#include "base/fd.hpp"
#include "host/partitions.hpp"

#include <cstdint>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace vmspawn;
    const Fd disk(::memfd_create("disk", MFD_CLOEXEC));
    if (!disk || ::write(disk.get(), data, size) != static_cast<ssize_t>(size) || ::ftruncate(disk.get(), 1 << 20) < 0)
        return 0;
    const DiskLayout layout = read_layout(disk.get());
    if (layout.partitions.size() > 128 || (layout.table != "gpt" && !layout.partitions.empty()))
        std::abort();
    for (const Partition& partition : layout.partitions)
        if (partition.number == 0)
            std::abort();
    return 0;
}
