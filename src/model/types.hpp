// The small types that the parts of a machine are made of.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace vmspawn {

using Path = std::filesystem::path;
using Bytes = std::uint64_t;

/// yes: needed, its absence is an error. if_possible: used where the host has it, with the reason in the plan.
enum class Want { no, yes, if_possible };

enum class Arch { native, x86_64, aarch64, riscv64 };

enum class DiskFormat { raw, qcow2 };

enum class DiskType { virtio_blk, virtio_scsi, nvme, scsi_cd };

enum class Scope { by_uid, system, user };

/// Where state is kept: beside the image (keep), nowhere (off), or in a place of the user's.
enum class StateKind { keep, off, at };

enum class FirmwareKind { automatic, uefi, bios, none, descriptor };

enum class Confidential { no, sev_snp, tdx };

enum class VsockBackend { automatic, kernel, user };

enum class NetworkKind { tap, user };

enum class ConsoleMode { interactive, read_only, native, gui, headless };

enum class ConsoleTransport { virtio, serial };

/// The spelling of each enumeration in definitions, e.g. words(DiskType::nvme) == "nvme". The schema lists the same words; a test compares.
std::string_view to_word(Want);
std::string_view to_word(Arch);
std::string_view to_word(DiskFormat);
std::string_view to_word(DiskType);
std::string_view to_word(Scope);
std::string_view to_word(FirmwareKind);
std::string_view to_word(Confidential);
std::string_view to_word(VsockBackend);
std::string_view to_word(NetworkKind);
std::string_view to_word(ConsoleMode);
std::string_view to_word(ConsoleTransport);


}  // namespace vmspawn
