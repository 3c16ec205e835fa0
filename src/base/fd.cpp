#include "base/fd.hpp"

#include <cerrno>
#include <unistd.h>

namespace vmspawn {

void Fd::reset(int fd) noexcept {
    const int saved = errno;
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = fd;
    errno = saved;
}

}  // namespace vmspawn
