// The service manager that started vmspawn, where $NOTIFY_SOCKET names one.
#pragma once

#include <string>
#include <sys/types.h>

namespace vmspawn {

/// sd_notify(3): lines of NAME=VALUE. Nobody listening is no failure.
void tell_manager(const std::string& state);

/// Whether there is one.
bool has_manager();

/// Whether this process is systemd-machined. 0, the kernel, is not.
bool is_machined(pid_t process);

}  // namespace vmspawn
