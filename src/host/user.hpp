// The host's users, wherever they are kept: the name service also finds those of systemd-userdbd, LDAP and so on.
#pragma once

#include <cstdint>
#include <string>

namespace vmspawn {

/// What the host says about a user's name.
struct UserAnswer {
    int error = 0;  ///< errno of the look; ENOENT: there is no such user, and nothing below counts
    std::uint32_t uid = 0, gid = 0;
    std::string group;  ///< name of the primary group; empty: it has none
    std::string home;   ///< an absolute path, or empty
    std::string shell;
    std::uint64_t password =
        0;  ///< bytes of the password's hash, which itself is no part of a record; 0: there is none that vmspawn can read
    friend bool operator==(const UserAnswer&, const UserAnswer&) = default;
};

UserAnswer probe_user(const std::string& name);

}  // namespace vmspawn
