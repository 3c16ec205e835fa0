// Descriptors that go along with bytes through a UNIX socket (SCM_RIGHTS, unix(7)).
#pragma once

#include "base/fd.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace vmspawn {

inline constexpr std::size_t most_rights = 4;  ///< that are sent or taken at once

/// As send(2), without SIGPIPE. The other side gets copies of the first `most_rights` descriptors.
ssize_t send_with_rights(int socket, std::string_view bytes, std::span<const int> descriptors, int flags = 0);

/// As recv(2). Adds the descriptors that came along, which exec(3) closes. EMSGSIZE: there were more than `most_rights`.
ssize_t receive_with_rights(int socket, std::span<char> buffer, std::vector<Fd>& descriptors, int flags = 0);

}  // namespace vmspawn
