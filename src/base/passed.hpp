// Descriptors that vmspawn's caller passed to it: sd_listen_fds_with_names(3).
#pragma once

#include "base/fd.hpp"

#include <map>
#include <string>

namespace vmspawn {

/// The names under which systemd-vmspawn takes the devices of that name.
namespace passed_name {
inline constexpr const char* kvm = "kvm";
inline constexpr const char* vhost_vsock = "vhost-vsock";
}  // namespace passed_name

using PassedDescriptors = std::map<std::string, Fd>;

}  // namespace vmspawn
