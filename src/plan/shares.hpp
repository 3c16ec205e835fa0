// What every share has: a server, a device, and a line that makes the guest mount it.
#pragma once

#include "plan/virtiofsd.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// Serves `tree` as the guest's file system `tag`; `node` is its id in QEMU. False after adding the problem.
bool serve(Planning&, const ResourceId& id, const std::string& node, const std::string& tag, ServedTree tree,
           std::vector<std::string> reasons);

/// One line of the guest's fstab.
struct GuestMount {
    std::string what;
    std::string where;
    std::string type;
    std::string options;
};
/// By the credential fstab.extra, or by kernel words where the guest has no SMBIOS.
void tell_guest(Planning&, const GuestMount& mount);

}  // namespace vmspawn
