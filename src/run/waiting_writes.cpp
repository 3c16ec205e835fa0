#include "run/waiting_writes.hpp"

#include "base/fd.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace vmspawn {

// Whether a write waits belongs to the open file, which both have once we have a copy of the child's descriptor.
void let_writes_wait(int pidfd, pid_t child, int master) {
    std::array<char, 64> path{};
    if (ptsname_r(master, path.data(), path.size()) != 0)
        return;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", child), ignored)) {
        std::error_code gone;
        if (std::filesystem::read_symlink(entry.path(), gone).string() != path.data())
            continue;
        const std::string name = entry.path().filename().string();
        int number = -1;
        std::from_chars(name.data(), name.data() + name.size(), number);
        const Fd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, number, 0)));
        if (copy)
            fcntl(copy.get(), F_SETFL, fcntl(copy.get(), F_GETFL) & ~O_NONBLOCK);
    }
}

}  // namespace vmspawn
