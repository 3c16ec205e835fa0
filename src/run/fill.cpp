#include "run/fill.hpp"

#include "run/remove_tree.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr const char* new_suffix = ".new";

Fd open_unfinished(int directory) {
    return Fd(::openat(directory, new_suffix, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

Result<void> write_file(int directory, const Fill::File& file) {
    const Fd fd(::openat(directory, file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd || ::write(fd.get(), file.text.data(), file.text.size()) != static_cast<ssize_t>(file.text.size()))
        return failed("write " + file.name);
    return {};
}

Result<void> write_to_disk(int directory, const char* name) {
    const Fd fd(::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    return fd && ::fchmod(fd.get(), 0600) == 0 && ::fsync(fd.get()) == 0 ? Result<void>()
                                                                         : failed(std::string("write to the disk ") + name);
}

}  // namespace

Result<Fd> begin_filling(int directory, const Fill& fill) {
    if (::faccessat(directory, fill.keeps.back().c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return Fd();
    give_up_filling(directory);
    if (::mkdirat(directory, new_suffix, 0700) < 0)
        return failed(std::string("make ") + new_suffix);
    Fd fd = open_unfinished(directory);
    if (!fd)
        return failed(std::string("open ") + new_suffix);
    for (const Fill::File& file : fill.reads)
        if (Result<void> written = write_file(fd.get(), file); !written)
            return written.failure();
    return fd;
}

Result<void> finish_filling(int directory, const Fill& fill) {
    const Fd made = open_unfinished(directory);
    if (!made)
        return failed(std::string("open ") + new_suffix);
    const std::string& last = fill.keeps.back();
    for (const std::string& name : fill.keeps) {
        if (name != last && ::faccessat(made.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
            continue;  // not every version makes it
        if (Result<void> written = write_to_disk(made.get(), name.c_str()); !written)
            return written;
        if (::renameat(made.get(), name.c_str(), directory, name.c_str()) < 0)
            return failed("keep " + name);
    }
    give_up_filling(directory);
    return ::fsync(directory) == 0 ? Result<void>() : failed("write it to the disk");
}

void give_up_filling(int directory) {
    if (const Fd made = open_unfinished(directory))
        (void)remove_contents(made.get());
    ::unlinkat(directory, new_suffix, AT_REMOVEDIR);
}

}  // namespace vmspawn
