// What is on a disk: a partition table, or a file system without one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vmspawn {

/// One partition of a GPT. UUIDs are in lower case.
struct Partition {
    std::uint32_t number = 0;  ///< from 1
    std::string uuid;          ///< what the kernel calls PARTUUID
    std::string type;
    std::string name;
    std::uint64_t flags = 0;  ///< attributes of the GPT: bit 63 no-auto, bit 60 read-only
    std::string file_system;  ///< "ext4", "crypto_LUKS"; empty: none that is known
};

struct DiskLayout {
    std::string table;        ///< "gpt", "dos"; empty: there is none
    std::string file_system;  ///< of a disk without a table; empty: none that is known
    std::vector<Partition> partitions;
    std::string problem;  ///< why nobody could look, one clause; empty: somebody did
};

}  // namespace vmspawn
