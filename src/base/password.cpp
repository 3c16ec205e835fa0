#include "base/password.hpp"

#include <algorithm>
#include <cerrno>
#include <shadow.h>
#include <string.h>
#include <string_view>
#include <vector>

namespace vmspawn {

namespace {

/// Nothing that locks a password and nothing that a text in JSON would have to escape stands in a hash.
bool is_hash(std::string_view text) {
    constexpr std::size_t shortest = 13;  // of the traditional DES
    return text.size() >= shortest && std::ranges::all_of(text, [](char c) {
               return c > ' ' && c < 0x7f && std::string_view("!*\\\":;").find(c) == std::string_view::npos;
           });
}

}  // namespace

Result<std::string> password_hash(const std::string& user) {
    constexpr std::size_t enough = 1U << 20U;
    for (std::vector<char> buffer(1024);; buffer.resize(buffer.size() * 2)) {
        spwd entry{};
        spwd* found = nullptr;
        const int error = getspnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
        if (error == ERANGE && buffer.size() < enough)
            continue;
        if (error != 0 && error != ENOENT)
            return Failure{error, "read the password hash of " + user, ""};
        std::string hash = found != nullptr && is_hash(found->sp_pwdp) ? found->sp_pwdp : "";
        explicit_bzero(buffer.data(), buffer.size());
        return hash;
    }
}

}  // namespace vmspawn
