#include "host/below.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <memory>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmspawn {

namespace {

std::string name_of(const Fd& fd) {
    std::array<char, PATH_MAX> target;
    const ssize_t length = ::readlink(fmt::format("/proc/self/fd/{}", fd.get()).c_str(), target.data(), target.size());
    return {target.data(), static_cast<std::size_t>(std::max<ssize_t>(0, length))};
}

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

}  // namespace

Below::Below(std::string root)
    : root_(std::move(root)), fd_(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)), real_(fd_ ? name_of(fd_) : std::string()) {}

Fd Below::open(std::string_view path, int flags) const {
    open_how how{};
    how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return Fd(static_cast<int>(::syscall(SYS_openat2, fd_.get(), std::string(path).c_str(), &how, sizeof(how))));
}

Result<std::string> Below::resolve(std::string_view path) const {
    const Fd file = open(path, O_PATH);
    if (!file)
        return failed(fmt::format("open {}", path));
    const std::string real = name_of(file);
    if (!real.starts_with(real_) || real.ends_with(" (deleted)"))
        return Failure{ENOENT, fmt::format("open {}", path), ""};
    const std::string_view rest = std::string_view(real).substr(real_ == "/" ? 0 : real_.size());
    return (root_ == "/" ? "" : root_) + std::string(rest);
}

Result<std::string> Below::read(std::string_view path, std::size_t offset, std::size_t limit) const {
    const std::string doing = fmt::format("read {}", path);
    const Fd file = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat found {};
    if (!file || ::fstat(file.get(), &found) < 0)
        return failed(doing);
    if (!S_ISREG(found.st_mode))
        return Failure{EINVAL, doing, "it is not a file"};
    std::string text(limit, '\0');
    std::size_t have = 0;
    while (have < limit) {
        const ssize_t count = ::pread(file.get(), text.data() + have, limit - have, static_cast<off_t>(offset + have));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed(doing);
        if (count == 0)
            break;
        have += static_cast<std::size_t>(count);
    }
    text.resize(have);
    return text;
}

std::vector<std::string> Below::names(std::string_view path, std::size_t limit) const {
    Fd fd = open(path, O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, CloseDirectory> directory(fd ? ::fdopendir(fd.get()) : nullptr);
    if (!directory)
        return {};
    (void)fd.release();  // closed with the directory
    std::vector<std::string> names;
    while (names.size() < limit) {
        const dirent* entry = ::readdir(directory.get());  // NOLINT(concurrency-mt-unsafe): a stream of our own
        if (entry == nullptr)
            break;
        std::string name = static_cast<const char*>(entry->d_name);
        if (name != "." && name != "..")
            names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

bool Below::is_file(std::string_view path) const {
    const Fd file = open(path, O_PATH);
    struct stat found {};
    return file && ::fstat(file.get(), &found) == 0 && S_ISREG(found.st_mode);
}

}  // namespace vmspawn
