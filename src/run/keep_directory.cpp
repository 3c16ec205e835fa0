#include "run/keep_directory.hpp"

#include "run/image_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr int as_directory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

bool is_whole_file_lock(const std::string& line) {
    return line.starts_with("lock:") && line.find(" FLOCK ") != std::string::npos;
}

Result<KeptDirectory> make_in(int runtime, const std::string& name) {
    if (::mkdirat(runtime, name.c_str(), 0700) < 0)
        return failed("make it in the runtime directory");
    KeptDirectory kept{Fd(::openat(runtime, name.c_str(), as_directory | O_NOFOLLOW)), {}};
    return kept.directory ? Result<KeptDirectory>(std::move(kept)) : failed("open it");
}

}  // namespace

Result<void> make_directories(const std::filesystem::path& directory) {
    if (directory.empty() || ::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST)
        return {};
    const std::string doing = "make the directory " + directory.string();
    if (errno != ENOENT || !directory.has_relative_path())
        return failed(doing);
    if (Result<void> above = make_directories(directory.parent_path()); !above)
        return above;
    return ::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST ? Result<void>() : failed(doing);
}

Result<KeptDirectory> keep_directory(const KeepDirectory& action, int runtime, const std::string& name) {
    if (action.path.empty())
        return make_in(runtime, name);
    KeptDirectory kept;
    const std::filesystem::path path(action.path);
    if (Result<void> above = make_directories(path.parent_path()); !above)
        return above.failure();
    if (::mkdir(path.c_str(), 0700) == 0)
        kept.made = path;
    else if (errno != EEXIST)
        return failed("make it");
    kept.directory = Fd(::open(path.c_str(), as_directory));
    if (!kept.directory)
        return failed("open it");
    if (::flock(kept.directory.get(), LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? Failure{EBUSY, "", lock_holder(kept.directory.get(), is_whole_file_lock)} : failed("lock it");
    return kept;
}

void leave_directory(KeptDirectory directory) {
    if (!directory.made.empty())
        ::rmdir(directory.made.c_str());  // stays where something is in it
}

}  // namespace vmspawn
