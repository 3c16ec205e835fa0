#include "host/user.hpp"

#include "base/password.hpp"

#include <cerrno>
#include <functional>
#include <grp.h>
#include <pwd.h>
#include <vector>

namespace vmspawn {

namespace {

/// Asks with a buffer that grows until it is large enough. An errno, or 0 with or without an entry.
int ask(const std::function<int(std::vector<char>&)>& question) {
    constexpr std::size_t enough = 16U << 20U;  // a group lists its members
    int error = 0;
    for (std::size_t size = 1024; size <= enough; size *= 2) {
        std::vector<char> buffer(size);
        error = question(buffer);
        if (error != ERANGE)
            break;
    }
    // What different sources say of a name that they do not know (getpwnam_r(3)).
    return error == ESRCH || error == EBADF || error == EPERM ? ENOENT : error;
}

std::string group_name(gid_t gid) {
    std::string name;
    ask([&](std::vector<char>& buffer) {
        group entry{};
        group* found = nullptr;
        const int error = getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
        if (found != nullptr)
            name = found->gr_name;
        return error;
    });
    return name;
}

}  // namespace

UserAnswer probe_user(const std::string& name) {
    UserAnswer answer{.error = ENOENT};
    const int error = ask([&](std::vector<char>& buffer) {
        passwd entry{};
        passwd* found = nullptr;
        const int problem = getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
        if (found != nullptr)
            answer = {.uid = entry.pw_uid, .gid = entry.pw_gid, .group = "", .home = entry.pw_dir, .shell = entry.pw_shell};
        return problem;
    });
    if (error != 0)
        return {.error = error};
    if (answer.error != 0)
        return answer;
    answer.group = group_name(answer.gid);
    while (answer.home.size() > 1 && answer.home.ends_with('/'))
        answer.home.pop_back();
    if (!answer.home.starts_with('/'))
        answer.home.clear();
    if (answer.shell.empty())
        answer.shell = "/bin/sh";  // passwd(5)
    if (const Result<std::string> hash = password_hash(name))
        answer.password = hash->size();
    return answer;
}

}  // namespace vmspawn
