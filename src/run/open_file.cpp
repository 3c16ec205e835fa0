#include "run/open_file.hpp"

#include "run/image_lock.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace vmspawn {

Result<Fd> open_file(const OpenFile& action, const GrowTalk& talk) {
    const int access = action.append ? O_WRONLY | O_APPEND | O_CREAT : action.writable ? O_RDWR : O_RDONLY;
    // O_NONBLOCK: opening a FIFO must not wait for its other end.
    Fd fd(::open(action.path.c_str(), access | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
    if (!fd)
        return failed("");
    struct stat status {};
    if (fstat(fd.get(), &status) < 0)
        return failed("look at it");
    if (S_ISDIR(status.st_mode))
        return Failure{EISDIR, "", ""};
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode))
        return Failure{EINVAL, "", "it is neither a file nor a device"};
    if (fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK) < 0)
        return failed("make it blocking");
    if (action.lock == OpenFile::Lock::qemu) {
        if (Result<void> locked = lock_image(fd.get(), action.writable); !locked)
            return locked.failure();
    }
    if (action.grow) {
        if (Result<void> grown = grow_image(fd.get(), *action.grow, talk); !grown)
            return grown.failure();
    }
    return fd;
}

}  // namespace vmspawn
