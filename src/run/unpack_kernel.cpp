#include "run/unpack_kernel.hpp"

#include "base/file.hpp"
#include "run/decompress.hpp"
#include "run/open_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <filesystem>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace vmspawn {

namespace {

constexpr std::size_t largest_unpacked = std::size_t{1} << 30;
constexpr std::size_t kept_kernels = 4;

std::string read_part(int fd, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t got = 0;
    while (got < size) {
        const ssize_t more = pread(fd, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
        if (more <= 0)
            return {};
        got += static_cast<std::size_t>(more);
    }
    return bytes;
}

template <class T>
std::optional<T> record_at(std::string_view bytes, std::uint64_t offset) {
    T record;
    if (offset > bytes.size() || bytes.size() - offset < sizeof record)
        return std::nullopt;
    std::memcpy(&record, bytes.data() + offset, sizeof record);
    return record;
}

/// Whether a segment of notes has the one that Xen and QEMU enter a kernel by (XEN_ELFNOTE_PHYS32_ENTRY).
bool has_entry_note(std::string_view notes) {
    constexpr std::uint32_t entry_note = 18;
    const auto padded = [](std::uint64_t size) { return (size + 3) / 4 * 4; };
    std::uint64_t at = 0;
    while (const auto note = record_at<Elf64_Nhdr>(notes, at)) {
        if (note->n_type == entry_note && notes.substr(std::min(at + sizeof *note, std::uint64_t{notes.size()})).starts_with("Xen"))
            return true;
        at += sizeof *note + padded(note->n_namesz) + padded(note->n_descsz);
    }
    return false;
}

bool has_pvh_entry(std::string_view kernel) {
    const auto header = record_at<Elf64_Ehdr>(kernel, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
        return false;
    for (unsigned i = 0; i < header->e_phnum; ++i) {
        const auto segment = record_at<Elf64_Phdr>(kernel, header->e_phoff + std::uint64_t{i} * sizeof(Elf64_Phdr));
        if (segment && segment->p_type == PT_NOTE && segment->p_offset <= kernel.size() &&
            has_entry_note(kernel.substr(segment->p_offset, segment->p_filesz)))
            return true;
    }
    return false;
}

/// Empty when the kernel is of no use for PVH.
std::string unpack(int fd, const UnpackKernel& action) {
    const std::string packed = read_part(fd, action.offset, action.size);
    std::uint32_t size = 0;
    if (packed.size() <= sizeof size)
        return {};
    std::memcpy(&size, packed.data() + packed.size() - sizeof size, sizeof size);
    // gzip counts those four bytes among its own; the others stand before them
    const std::string_view stream = std::string_view(packed).substr(0, packed.size() - (action.compression == "gzip" ? 0 : sizeof size));
    if (size == 0 || size > largest_unpacked)
        return {};
    auto kernel = decompress(action.compression, stream, size);
    return kernel && has_pvh_entry(*kernel) ? *std::move(kernel) : std::string();
}

/// By what changes when the kernel does.
std::string cache_name(const struct stat& kernel) {
    return fmt::format("{}-{}-{}-{}.{:09}-{}.{:09}.elf", kernel.st_dev, kernel.st_ino, kernel.st_size, kernel.st_mtim.tv_sec,
                       kernel.st_mtim.tv_nsec, kernel.st_ctim.tv_sec, kernel.st_ctim.tv_nsec);
}

Fd open_own(const std::filesystem::path& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    struct stat found {};
    const bool own =
        fd && fstat(fd.get(), &found) == 0 && S_ISREG(found.st_mode) && found.st_uid == geteuid() && (found.st_mode & 022) == 0;
    return own ? std::move(fd) : Fd();
}

/// The oldest go: an unpacked kernel has some fifty megabytes.
void drop_old(const std::filesystem::path& directory) {
    std::error_code ignored;
    std::vector<std::filesystem::directory_entry> kept;
    for (const auto& entry : std::filesystem::directory_iterator(directory, ignored))
        if (entry.path().extension() == ".elf")
            kept.push_back(entry);
    if (kept.size() <= kept_kernels)
        return;
    std::ranges::sort(kept, std::ranges::greater{}, [&](const auto& entry) { return entry.last_write_time(ignored); });
    for (auto old = kept.begin() + kept_kernels; old != kept.end(); ++old)
        std::filesystem::remove(old->path(), ignored);
}

Result<Fd> in_memory(const std::string& kernel) {
    Fd fd(memfd_create("kernel", MFD_CLOEXEC));
    if (!fd || write(fd.get(), kernel.data(), kernel.size()) != static_cast<ssize_t>(kernel.size()))
        return failed("make a memory file");
    return fd;
}

}  // namespace

Result<Fd> open_unpacked(const UnpackKernel& action) {
    Result<Fd> file = open_file({.path = action.path});
    if (!file)
        return file;
    struct stat found {};
    if (fstat(file->get(), &found) < 0)
        return failed("look at it");
    const std::filesystem::path directory = action.cache.empty() ? "" : std::filesystem::path(action.cache) / "kernels";
    const std::filesystem::path place = directory / cache_name(found);
    if (Fd cached = open_own(place); cached && !directory.empty())
        return fstat(cached.get(), &found) == 0 && found.st_size > 0 ? std::move(cached) : std::move(file);
    const std::string kernel = unpack(file->get(), action);
    if (!directory.empty()) {  // without a cache the next start only takes longer
        std::error_code ignored;
        std::filesystem::create_directories(directory, ignored);
        if (write_file(place, kernel, Existing::replace, 0600))
            drop_old(directory);
    }
    return kernel.empty() ? std::move(file) : in_memory(kernel);
}

}  // namespace vmspawn
