// QEMU never waits for its console: what finds no room is lost. Linux's own console driver has no way to hold it back either.
#pragma once

#include <sys/types.h>

namespace vmspawn {

/// The writes of that child to the terminal whose master we have wait for room, as those of other programs do. We must read without pause
/// from now on. Where the host forbids it, all stays as it was.
void let_writes_wait(int pidfd, pid_t child, int master);

}  // namespace vmspawn
