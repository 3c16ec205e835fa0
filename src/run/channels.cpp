#include "run/channels.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

namespace vmspawn {

namespace {

bool make_nonblocking(int fd) {
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

}  // namespace

Result<SocketPair> make_socket_pair() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return failed("make a socket pair");
    SocketPair pair{.ours = Fd(ends[0]), .theirs = Fd(ends[1])};
    if (!make_nonblocking(pair.ours.get()))
        return failed("make a socket non-blocking");
    return pair;
}

Result<ConnectedPair> make_connected_pair() {
    std::array<int, 2> ends{-1, -1};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) < 0)
        return failed("make a socket pair");
    return ConnectedPair{.helper = Fd(ends[0]), .qemu = Fd(ends[1])};
}

Result<ListeningSocket> make_listening_socket(int directory) {
    constexpr const char* name = ".listen";  // alone in there: one vmspawn, one thread, and gone below
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // By way of the descriptor, as a socket's path holds 107 bytes only.
    fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}/{}", directory, name);
    const auto* at = reinterpret_cast<const sockaddr*>(&address);
    ListeningSocket sockets{.listener = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)),
                            .client = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    if (!sockets.listener || !sockets.client)
        return failed("make a socket");
    if (bind(sockets.listener.get(), at, sizeof address) < 0)
        return failed("bind a socket in the runtime directory");
    const bool connected = listen(sockets.listener.get(), 1) == 0 && connect(sockets.client.get(), at, sizeof address) == 0;
    const Failure failure = failed("connect to a socket in the runtime directory");
    unlinkat(directory, name, 0);
    if (!connected)
        return failure;
    return sockets;
}

Result<ClientSocket> make_client_socket() {
    ClientSocket client{.qemu = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), .ours = Fd()};
    if (client.qemu)
        client.ours = Fd(fcntl(client.qemu.get(), F_DUPFD_CLOEXEC, 0));
    if (!client.ours)
        return failed("make a socket");
    return client;
}

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{-1, -1};
    if (pipe2(ends.data(), O_CLOEXEC) < 0)
        return failed("make a pipe");
    Pipe pipe{.reader = Fd(ends[0]), .writer = Fd(ends[1])};
    if (!make_nonblocking(pipe.writer.get()))
        return failed("make a pipe non-blocking");
    return pipe;
}

Result<PseudoTerminal> make_pseudo_terminal() {
    PseudoTerminal terminal{.master = Fd(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), .slave = Fd(), .path = ""};
    std::array<char, 64> path{};
    if (!terminal.master || unlockpt(terminal.master.get()) < 0)
        return failed("open /dev/ptmx");
    if (const int error = ptsname_r(terminal.master.get(), path.data(), path.size()); error != 0)
        return Failure{error, "name the terminal", ""};
    terminal.path = path.data();
    terminal.slave = Fd(ioctl(terminal.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios settings{};
    if (!terminal.slave || tcgetattr(terminal.slave.get(), &settings) < 0)
        return failed("open " + terminal.path);
    cfmakeraw(&settings);
    if (tcsetattr(terminal.slave.get(), TCSANOW, &settings) < 0 || !make_nonblocking(terminal.master.get()))
        return failed("set up " + terminal.path);
    return terminal;
}

}  // namespace vmspawn
