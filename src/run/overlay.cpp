#include "run/overlay.hpp"

#include "run/memory_file.hpp"

#include <array>
#include <cerrno>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::uint32_t cluster_bits = 16;
constexpr std::uint64_t cluster = 1ULL << cluster_bits;
constexpr std::uint64_t per_l1_entry = cluster * (cluster / 8);  ///< bytes of the guest: one table of level 2
constexpr std::uint32_t header_length = 104;

// The file: header, refcount table, its one refcount block, the level 1 table.
constexpr std::uint64_t refcount_table_at = 1 * cluster;
constexpr std::uint64_t refcount_block_at = 2 * cluster;
constexpr std::uint64_t l1_at = 3 * cluster;

std::uint64_t in_units(std::uint64_t size, std::uint64_t unit) {
    return size / unit + (size % unit != 0);
}

std::string big_endian(std::uint64_t value, std::size_t size) {
    std::string text;
    for (std::size_t i = size; i-- > 0;)
        text += static_cast<char>(value >> (8 * i));
    return text;
}

std::string header(std::uint64_t size) {
    std::string text = "QFI\xfb" + big_endian(3, 4);
    text += big_endian(0, 8) + big_endian(0, 4);                                   // backing file: offset, length of its name
    text += big_endian(cluster_bits, 4) + big_endian(size, 8) + big_endian(0, 4);  // no encryption
    text += big_endian(in_units(size, per_l1_entry), 4) + big_endian(l1_at, 8);
    text += big_endian(refcount_table_at, 8) + big_endian(1, 4);
    text += big_endian(0, 4) + big_endian(0, 8);                     // snapshots: how many, where
    text += big_endian(0, 8) + big_endian(0, 8) + big_endian(0, 8);  // features: incompatible, compatible, auto-clear
    text += big_endian(4, 4) + big_endian(header_length, 4);         // refcounts of 2^4 bits
    return text + big_endian(0, 8);                                  // the end of the extensions
}

}  // namespace

EmptyOverlay empty_overlay(std::uint64_t size) {
    const std::uint64_t l1_clusters = in_units(in_units(size, per_l1_entry) * 8, cluster);
    const std::uint64_t clusters = l1_at / cluster + l1_clusters;
    std::string bytes = header(size);
    bytes.resize(refcount_table_at);
    bytes += big_endian(refcount_block_at, 8);
    bytes.resize(refcount_block_at);
    for (std::uint64_t i = 0; i < clusters; i++)
        bytes += big_endian(1, 2);
    return {std::move(bytes), clusters * cluster};
}

Result<Fd> make_overlay(const MakeOverlay& action) {
    const EmptyOverlay overlay = empty_overlay(action.size);
    Fd file = new_scratch("overlay");
    if (!file)
        return failed("make a temporary file");
    const ssize_t written = pwrite(file.get(), overlay.beginning.data(), overlay.beginning.size(), 0);
    if (written < 0)
        return failed("write its header");
    if (static_cast<std::size_t>(written) != overlay.beginning.size())
        return Failure{ENOSPC, "write its header", ""};
    if (ftruncate(file.get(), static_cast<off_t>(overlay.file_size)) < 0)
        return failed("give it its size");
    return file;
}

}  // namespace vmspawn
