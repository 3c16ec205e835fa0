// Finds virtiofsd as QEMU's vhost-user descriptors say, and asks which options it has.
#pragma once

#include "host/host.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Directories of vhost-user descriptors, the first wins: of the user ($XDG_CONFIG_HOME or ~/.config), of /etc, of /usr/share.
std::vector<std::string> vhost_user_directories();

/// The binary of the first descriptor (by name) of type "fs" whose binary is there; a name in an earlier directory hides it in later
/// ones. Without one: $PATH, then where distributions put it. Empty: none.
std::string find_virtiofsd(const std::vector<std::string>& directories);

/// What its --help and --version say, from the cache if the binary is the one that answered then. An empty path gives an empty answer.
Virtiofsd probe_virtiofsd(const std::string& path);

/// Ids granted to `user` or `uid` by a text like /etc/subuid.
std::vector<IdGrant> read_id_grants(std::string_view text, std::string_view user, std::uint32_t uid);
/// Fills the grants of the caller into `host`.
void look_up_id_grants(Host& host);

}  // namespace vmspawn
