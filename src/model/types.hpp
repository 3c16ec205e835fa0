// The small types that the parts of a machine are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

namespace vmspawn {

using Path = std::filesystem::path;
using Bytes = std::uint64_t;

/// yes: needed, its absence is an error. if_possible: used where the host has it, with the reason in the plan.
enum class Want { no, yes, if_possible };

enum class Arch { native, x86_64, aarch64, riscv64 };

enum class DiskFormat { raw, qcow2 };

enum class DiskType { virtio_blk, virtio_scsi, nvme, scsi_cd };

/// How much of a shared tree the guest keeps in its own memory.
enum class Cache { automatic, always, close_to_open, never };

enum class Scope { by_uid, system, user };

/// Where state is kept: beside the image (keep), nowhere (off), or in a place of the user's.
enum class StateKind { keep, off, at };

struct State {
    StateKind kind = StateKind::keep;
    Path path;  ///< for StateKind::at
};

/// Guest id 0 is host id `shift`, for `range` ids.
struct IdShift {
    std::uint32_t shift = 0;
    std::uint32_t range = 65536;
};

enum class FirmwareKind { automatic, uefi, bios, none, descriptor };

enum class Confidential { no, sev_snp, tdx };

enum class VsockBackend { automatic, kernel, user };

enum class NetworkKind { tap, user };

/// Who carries a user network: a helper of its own, or QEMU.
enum class NetworkBackend { automatic, passt, qemu };

enum class ConsoleMode { interactive, read_only, native, gui, headless };

enum class ConsoleTransport { virtio, serial };

/// The spelling of each enumeration in definitions: to_word(DiskType::nvme) is "nvme". The schema lists the same words; a test compares.
/// A firmware descriptor and a state at a path have no word of their own: "descriptor", "path".
std::string_view to_word(Want);
std::string_view to_word(Arch);
std::string_view to_word(DiskFormat);
std::string_view to_word(DiskType);
std::string_view to_word(Cache);
std::string_view to_word(Scope);
std::string_view to_word(StateKind);
std::string_view to_word(FirmwareKind);
std::string_view to_word(Confidential);
std::string_view to_word(VsockBackend);
std::string_view to_word(NetworkKind);
std::string_view to_word(NetworkBackend);
std::string_view to_word(ConsoleMode);
std::string_view to_word(ConsoleTransport);

/// The words that a definition may use for E, in the order of its values.
template <class E>
std::span<const std::string_view> words_of();

/// The reverse of to_word. Nothing when `word` is none of words_of<E>().
template <class E>
std::optional<E> from_word(std::string_view word) {
    const auto words = words_of<E>();
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == word)
            return static_cast<E>(i);
    return std::nullopt;
}

}  // namespace vmspawn
