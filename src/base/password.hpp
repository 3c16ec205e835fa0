// The host's shadow database, which only root reads.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmspawn {

/// The hash of this user's password as crypt(5) has it. Empty: there is none to log in with, as no password is set or it is locked.
Result<std::string> password_hash(const std::string& user);

}  // namespace vmspawn
