// Descriptors of processes. glibc 2.36 declares these calls without extern "C", so they are made directly.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace vmspawn {

inline int open_pidfd(pid_t pid) {
    return static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
}
inline int send_signal(int pidfd, int number) {
    return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0));
}

}  // namespace vmspawn
