#include "run/memory_pressure.hpp"

#include "base/text.hpp"

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

MemoryPressure::MemoryPressure(EventLoop& loop, std::function<void()> relieve) : relieve_(std::move(relieve)) {
    const char* path = std::getenv("MEMORY_PRESSURE_WATCH");
    if (path == nullptr)
        return;
    Fd file(::open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
    struct stat status {};
    if (!file || fstat(file.get(), &status) < 0 || (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)))
        return;  // /dev/null: not wanted
    if (const char* trigger = std::getenv("MEMORY_PRESSURE_WRITE")) {
        const auto bytes = base64_decode(trigger);
        if (!bytes || write(file.get(), bytes->data(), bytes->size()) != static_cast<ssize_t>(bytes->size()))
            return;
    }
    file_ = std::move(file);
    const bool is_pipe = S_ISFIFO(status.st_mode);  // else it is the kernel's, which has news but no bytes
    source_ = loop.on_io(file_.get(), is_pipe ? EPOLLIN : EPOLLPRI, [this, is_pipe](std::uint32_t) { noticed(is_pipe); });
}

void MemoryPressure::noticed(bool drained_by_reading) {
    std::array<char, 256> bytes;
    while (drained_by_reading && read(file_.get(), bytes.data(), bytes.size()) > 0) {
    }
    relieve_();
}

}  // namespace vmspawn
