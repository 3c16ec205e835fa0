#include "run/keep_file.hpp"

#include "run/keep_directory.hpp"
#include "run/open_file.hpp"
#include "run/piece_writer.hpp"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

/// A file on its way: without a name, or under a temporary one where the file system has only files with names.
struct NewFile {
    Fd file;
    std::string name;  ///< empty: none yet
};

/// What a killed vmspawn left under the temporary name is taken over. The lock tells it from the work of one that still runs.
Result<NewFile> open_temporary(int directory, const std::string& name) {
    NewFile written{Fd(), "." + name.substr(0, 200) + ".new"};
    const char* path = written.name.c_str();
    written.file = Fd(::openat(directory, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!written.file || ::flock(written.file.get(), LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? Failure{EBUSY, "", "another vmspawn is making it"} : failed("make " + written.name);
    if (::faccessat(directory, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        ::unlinkat(directory, path, 0);
        return Failure{EEXIST, "", ""};
    }
    return ::ftruncate(written.file.get(), 0) == 0 ? Result<NewFile>(std::move(written)) : failed("empty " + written.name);
}

Result<NewFile> begin(int directory, const std::string& name) {
    Fd file(::openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file)
        return NewFile{std::move(file), ""};
    return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? open_temporary(directory, name) : failed("make it");
}

/// The one step that makes it visible.
Result<void> finish(int directory, const std::string& name, const NewFile& written) {
    if (written.name.empty()) {
        const std::string open_file = "/proc/self/fd/" + std::to_string(written.file.get());
        return ::linkat(AT_FDCWD, open_file.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0 ? Result<void>() : failed("name it");
    }
    return ::renameat(directory, written.name.c_str(), directory, name.c_str()) == 0 ? Result<void>() : failed("name it");
}

Result<void> make_copy(const std::filesystem::path& path, const std::string& source) {
    if (Result<void> made = make_directories(path.parent_path()); !made)
        return made;
    const Fd directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory)
        return failed("open the directory " + path.parent_path().string());
    Result<NewFile> written = begin(directory.get(), path.filename().string());
    if (!written)
        return written.failure();
    if (Result<void> copied = PieceWriter(written->file.get()).add(FileContent{.path = source, .credential = ""}); !copied)
        return copied;
    if (::fchmod(written->file.get(), 0600) < 0 || ::fsync(written->file.get()) < 0)
        return failed("write it to the disk");
    if (Result<void> named = finish(directory.get(), path.filename().string(), *written); !named)
        return named;
    return ::fsync(directory.get()) == 0 ? Result<void>() : failed("write its directory to the disk");
}

Result<Fd> open_state(const std::string& path) {
    Result<Fd> fd = open_file({.path = path, .writable = true, .lock = OpenFile::Lock::qemu});
    struct stat status {};
    if (fd && (::fstat(fd->get(), &status) < 0 || !S_ISREG(status.st_mode)))
        return Failure{EINVAL, "", "it is not a regular file"};
    return fd;
}

}  // namespace

Result<Fd> keep_file(const KeepFile& action) {
    Result<Fd> fd = open_state(action.path);
    if (fd || fd.failure().error != ENOENT)
        return fd;
    if (Result<void> made = make_copy(action.path, action.source); !made && made.failure().error != EEXIST)
        return made.failure();
    return open_state(action.path);
}

}  // namespace vmspawn
