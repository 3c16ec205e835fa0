#include "run/image_lock.hpp"

#include "run/holder.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

// The protocol of QEMU's file driver: one byte per permission. A read lock on uses + N says "I use N", one on denies + N says "nobody
// else may use N". N: 0 read, 1 write, 2 write without changing, 3 resize.
constexpr off_t uses = 100;
constexpr off_t denies = 200;
constexpr off_t permissions = 10;  ///< bytes that QEMU may use of either row

constexpr int reading[] = {0};
constexpr int writing[] = {0, 1, 3};
constexpr int denied[] = {1, 3};

struct flock one_byte(short type, off_t at) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = at;
    lock.l_len = 1;
    return lock;
}

bool hold(int fd, off_t row, std::span<const int> bytes) {
    for (const int byte : bytes) {
        struct flock lock = one_byte(F_RDLCK, row + byte);
        if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
            return false;
    }
    return true;
}

// Asking for a write lock finds the read locks of others. Needs no right to write: nothing is taken.
Result<bool> held_by_others(int fd, off_t row, std::span<const int> bytes) {
    for (const int byte : bytes) {
        struct flock lock = one_byte(F_WRLCK, row + byte);
        if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
            return failed("look for locks");
        if (lock.l_type != F_UNLCK)
            return true;
    }
    return false;
}

void release(int fd) {
    struct flock all = one_byte(F_UNLCK, uses);
    all.l_len = denies + permissions - uses;
    fcntl(fd, F_OFD_SETLK, &all);
}

/// A line of /proc/PID/fdinfo/N: "lock:\t1: OFDLCK  ADVISORY  READ  0 00:19:1234 100 100"
bool is_image_lock(const std::string& line) {
    if (!line.starts_with("lock:"))
        return false;
    const auto end_at = line.rfind(' ');
    if (end_at == std::string::npos || end_at == 0)
        return false;
    const auto start_at = line.rfind(' ', end_at - 1);
    if (start_at == std::string::npos)
        return false;
    off_t start = -1;
    std::from_chars(line.data() + start_at + 1, line.data() + end_at, start);
    return (start >= uses && start < uses + permissions) || (start >= denies && start < denies + permissions);
}

bool has_lock(const std::filesystem::path& fdinfo, bool (*is_lock)(const std::string&)) {
    std::ifstream lines(fdinfo);
    for (std::string line; std::getline(lines, line);) {
        if (is_lock(line))
            return true;
    }
    return false;
}

bool holds(const std::filesystem::path& process, const struct stat& image, bool (*is_lock)(const std::string&)) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(process / "fd", ignored)) {
        struct stat open_file {};
        if (stat(entry.path().c_str(), &open_file) == 0 && open_file.st_dev == image.st_dev && open_file.st_ino == image.st_ino &&
            has_lock(process / "fdinfo" / entry.path().filename(), is_lock))
            return true;
    }
    return false;
}

}  // namespace

std::string image_holder(int fd) {
    return lock_holder(fd, is_image_lock);
}

std::string lock_holder(int fd, bool (*is_lock)(const std::string&)) {
    struct stat image {};
    if (fstat(fd, &image) < 0)
        return "in use";
    return name_holder([&](const std::filesystem::path& process) { return holds(process, image, is_lock); });
}

Result<void> lock_image(int fd, bool writable) {
    const std::span<const int> used = writable ? std::span<const int>(writing) : std::span<const int>(reading);
    if (!hold(fd, uses, used) || !hold(fd, denies, denied)) {
        const Failure failure = failed("lock the image");
        release(fd);
        return failure;
    }
    for (const auto& [row, bytes] : {std::pair{denies, used}, std::pair{uses, std::span<const int>(denied)}}) {
        Result<bool> busy = held_by_others(fd, row, bytes);
        if (busy && !*busy)
            continue;
        release(fd);
        return busy ? Failure{EBUSY, "", image_holder(fd)} : busy.failure();
    }
    return {};
}

}  // namespace vmspawn
