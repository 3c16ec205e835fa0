// What there is at a path of the host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vmspawn {

/// What the header of a qcow2 image says. Names are absolute paths, counted from the image that names them; what is no path
/// ("json:{…}", "nbd://…") is as spelled.
struct Qcow2Facts {
    std::uint64_t size = 0;      ///< bytes that the guest sees
    std::string backing;         ///< the image that it rests on; empty: none
    std::string backing_format;  ///< empty: not said
    bool has_data_file = false;  ///< the guest's data stand in a raw file of their own
    std::string data_file;       ///< may be empty although there is one
    std::string problem;         ///< not empty: QEMU would not open it, one clause
};

/// The compressed kernel in a bzImage, bytes of the file.
struct KernelPayload {
    std::string compression;  ///< "gzip", "xz", "zstd" or "lz4"
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// What is at a path. Links are followed.
struct FileAnswer {
    enum class Type { missing, regular, block, directory, character, fifo, socket };
    Type type = Type::missing;
    int error = 0;           ///< errno of the look, when not simply missing: EACCES, ELOOP, ENOTDIR
    std::uint64_t size = 0;  ///< bytes; of a block device its capacity
    bool readable = false;   ///< by this process
    bool writable = false;
    std::uint32_t owner = 0;  ///< uid
    std::string identity;     ///< device and inode, to see that two names are one file; of a block device its number
    std::string format;       ///< regular and block only: "qcow2", "uki", "pe" (an EFI program or kernel), "zboot", "gzip", "elf" or "raw"
    std::string near;         ///< missing only: a name beside it that may be meant
    std::string target;       ///< disks only: the path without links, where it differs
    std::optional<Qcow2Facts> qcow2;       ///< disks only, of format "qcow2"
    std::string machine;                   ///< the architecture that a kernel or EFI program is for; empty: it does not say
    std::optional<KernelPayload> payload;  ///< of a bzImage whose compression is known
};

}  // namespace vmspawn
