#include "run/control_socket.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr const char* socket_name = "control";

}  // namespace

Result<Fd> make_control_socket(int directory) {
    constexpr int most_waiting = 16;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // By way of the descriptor, as a socket's path holds 107 bytes only.
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}/{}", directory, socket_name);
    Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener || bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        return failed("make the control socket");
    if (fchmodat(directory, socket_name, 0644, 0) < 0 || listen(listener.get(), most_waiting) < 0)
        return failed("listen on the control socket");
    return listener;
}

void remove_control_socket(int directory) {
    unlinkat(directory, socket_name, 0);
}

}  // namespace vmspawn
