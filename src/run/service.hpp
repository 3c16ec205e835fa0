// The service manager that started vmspawn, where $NOTIFY_SOCKET names one.
#pragma once

#include <string>

namespace vmspawn {

/// sd_notify(3): lines of NAME=VALUE. Nobody listening is no failure.
void tell_manager(const std::string& state);

}  // namespace vmspawn
