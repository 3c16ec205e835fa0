#include "run/passed.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>

namespace vmspawn {

namespace {

void take(const std::string& name, Fd fd, PassedDescriptors& passed, Diagnostics& found) {
    const Origin at = FromHost{"LISTEN_FDNAMES"};
    if (name != passed_name::kvm && name != passed_name::vhost_vsock)
        found.add(warning(fmt::format("the passed descriptor '{}' is closed: vmspawn knows no use for that name", name), at)
                      .with_hint(fmt::format("what it takes is called {} and {}", passed_name::kvm, passed_name::vhost_vsock)));
    else if (const auto [place, is_new] = passed.insert_or_assign(name, std::move(fd)); !is_new)
        found.add(warning(fmt::format("several passed descriptors are called '{}': the last one is used", name), at));
}

}  // namespace

PassedDescriptors take_passed(Diagnostics& found) {
    PassedDescriptors passed;
    char** names = nullptr;
    const int count = sd_listen_fds_with_names(1, &names);
    if (count < 0)
        found.add(warning(fmt::format("what LISTEN_FDS says of passed descriptors cannot be read: {}", std::strerror(-count)),
                          FromHost{"LISTEN_FDS"}));
    for (int i = 0; i < count; ++i) {
        take(names[i], Fd(SD_LISTEN_FDS_START + i), passed, found);
        std::free(names[i]);
    }
    std::free(static_cast<void*>(names));
    return passed;
}

Result<Fd> copy_passed(const PassedDescriptors& passed, const std::string& name) {
    const auto found = passed.find(name);
    if (found == passed.end())
        return Failure{EBADF, "", "nothing was passed under that name"};
    Fd copy(fcntl(found->second.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy)
        return failed("copy it");
    return copy;
}

}  // namespace vmspawn
