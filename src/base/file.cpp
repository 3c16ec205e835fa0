#include "base/file.hpp"

#include "base/fd.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace vmspawn {

namespace {

Result<void> write_all(int fd, std::string_view text, const std::string& doing) {
    while (!text.empty()) {
        const ssize_t count = ::write(fd, text.data(), text.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return failed(doing);
        text.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> put_in_place(const std::string& temporary, const std::filesystem::path& path, Existing existing, const std::string& doing) {
    if (existing == Existing::replace)
        return ::rename(temporary.c_str(), path.c_str()) == 0 ? Result<void>() : failed(doing);
    if (::link(temporary.c_str(), path.c_str()) < 0)
        return failed(doing);
    ::unlink(temporary.c_str());
    return {};
}

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t limit) {
    const std::string doing = fmt::format("read {}", path.string());
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) < 0)
        return failed(doing);
    if (!S_ISREG(status.st_mode))
        return Failure{S_ISDIR(status.st_mode) ? EISDIR : EINVAL, doing, ""};
    std::string text;
    // A byte more finds the end at once; files of /proc tell no size.
    text.reserve(std::min(std::max<std::size_t>(4096, static_cast<std::size_t>(status.st_size) + 1), limit + 1));
    while (text.size() <= limit) {
        const std::size_t have = text.size();
        text.resize(std::min(text.capacity() > have ? text.capacity() : 2 * have, limit + 1));
        const ssize_t count = ::read(fd.get(), text.data() + have, text.size() - have);
        text.resize(have + static_cast<std::size_t>(std::max<ssize_t>(0, count)));
        if (count < 0 && errno != EINTR)
            return failed(doing);
        if (count == 0)
            return text;
    }
    return Failure{EFBIG, doing, fmt::format("at most {} bytes are read", limit)};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view text, Existing existing, unsigned mode) {
    const std::string doing = fmt::format("write {}", path.string());
    std::string temporary = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
    const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd)
        return failed(doing);
    Result<void> done = write_all(fd.get(), text, doing);
    if (done && ::fchmod(fd.get(), mode) < 0)
        done = failed(doing);
    if (done)
        done = put_in_place(temporary, path, existing, doing);
    if (!done)
        ::unlink(temporary.c_str());
    return done;
}

std::string nearly_named(const std::filesystem::path& path) {
    constexpr std::size_t most = 4096;  // of a directory with more, only these are looked at
    std::vector<std::string> names;
    std::error_code refused;
    const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
    for (std::filesystem::directory_iterator entry(directory, refused), end; !refused && entry != end && names.size() < most;
         entry.increment(refused)) {
        std::error_code gone;
        std::string name = entry->path().filename().string();
        // no devices: who misses one is not to take another
        if (printable(name) == name && (entry->is_regular_file(gone) || entry->is_directory(gone)))
            names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    const std::string near = nearest(path.filename().string(), names).value_or("");
    // what many names end with makes no two of them alike
    const bool alike = nearest(path.stem().string(), std::array{std::filesystem::path(near).stem().string()}).has_value();
    return alike ? near : "";
}

}  // namespace vmspawn
