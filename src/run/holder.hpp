// Who has what we wanted.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <sys/types.h>

namespace vmspawn {

/// "in use by qemu-system-x86_64, pid 123", the first process of which `holds` says so, given its directory in /proc; "in use by another
/// user's process" where none that we may look into does.
std::string name_holder(const std::function<bool(const std::filesystem::path& process)>& holds);

/// "qemu-system-x86_64, pid 123"; "a process, pid 123" where we may not look.
std::string process_text(pid_t pid);

}  // namespace vmspawn
