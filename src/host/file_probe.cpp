#include "host/file_probe.hpp"

#include "base/fd.hpp"
#include "base/file.hpp"
#include "host/bzimage.hpp"
#include "host/file_format.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace vmspawn {

namespace {

FileAnswer::Type type_of(mode_t mode) {
    if (S_ISREG(mode))
        return FileAnswer::Type::regular;
    if (S_ISBLK(mode))
        return FileAnswer::Type::block;
    if (S_ISDIR(mode))
        return FileAnswer::Type::directory;
    if (S_ISCHR(mode))
        return FileAnswer::Type::character;
    return S_ISFIFO(mode) ? FileAnswer::Type::fifo : FileAnswer::Type::socket;
}

/// With the rights that opening it would use.
bool may(const std::string& path, int mode) {
    return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

std::string identity_of(const struct stat& found) {
    if (S_ISBLK(found.st_mode))
        return fmt::format("block {}:{}", major(found.st_rdev), minor(found.st_rdev));
    return fmt::format("{}:{}:{}", major(found.st_dev), minor(found.st_dev), found.st_ino);
}

std::optional<KernelPayload> payload_of(int file, std::string_view beginning) {
    const auto place = bzimage_payload(beginning);
    std::array<char, compression_magic_bytes> magic;
    if (!place || pread(file, magic.data(), magic.size(), static_cast<off_t>(place->offset)) != static_cast<ssize_t>(magic.size()))
        return std::nullopt;
    const std::string_view compression = compression_of({magic.data(), magic.size()});
    if (compression.empty())
        return std::nullopt;
    return KernelPayload{.compression = std::string(compression), .offset = place->offset, .size = place->size};
}

/// The first bytes and, of a block device, the capacity. Only opening shows whether the device may be read: a container's rules count too.
void look_inside(const std::string& path, FileAnswer& answer) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) {
        answer.readable = false;
        return;
    }
    std::uint64_t capacity = 0;
    if (answer.type == FileAnswer::Type::block && ioctl(file.get(), BLKGETSIZE64, &capacity) == 0)
        answer.size = capacity;
    std::array<char, format_bytes> beginning;
    const ssize_t got = pread(file.get(), beginning.data(), beginning.size(), 0);
    const std::string_view bytes(beginning.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
    answer.format = file_format(bytes);
    answer.machine = kernel_machine(bytes);
    answer.payload = payload_of(file.get(), bytes);
}

}  // namespace

FileAnswer probe_file(const std::string& path) {
    FileAnswer answer;
    struct stat found {};
    if (stat(path.c_str(), &found) < 0) {
        answer.error = errno == ENOENT ? 0 : errno;
        if (answer.error == 0)
            answer.near = nearly_named(path);
        return answer;
    }
    answer.type = type_of(found.st_mode);
    answer.readable = may(path, S_ISDIR(found.st_mode) ? R_OK | X_OK : R_OK);
    answer.writable = may(path, W_OK);
    answer.owner = found.st_uid;
    answer.identity = identity_of(found);
    if (S_ISREG(found.st_mode))
        answer.size = static_cast<std::uint64_t>(found.st_size);
    if (S_ISREG(found.st_mode) || S_ISBLK(found.st_mode))
        look_inside(path, answer);
    return answer;
}

}  // namespace vmspawn
