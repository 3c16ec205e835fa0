#include "run/vsock.hpp"

#include "base/guest_cid.hpp"
#include "run/passed.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace vmspawn {

namespace {

/// As in linux/vhost.h, which is no C++.
constexpr unsigned long set_guest_cid = _IOW(0xAF, 0x60, std::uint64_t);

/// False when another machine has the number.
Result<bool> try_cid(int device, std::uint32_t cid) {
    std::uint64_t number = cid;
    if (ioctl(device, set_guest_cid, &number) == 0)
        return true;
    if (errno == EADDRINUSE)
        return false;
    return failed(fmt::format("take CID {}", cid));
}

std::uint32_t random_cid() {
    std::uint32_t number = 0;
    constexpr std::uint32_t first = 3, reserved = 4;  // 0 to 2 and the highest
    if (getrandom(&number, sizeof number, 0) != sizeof number)
        return first;
    return first + number % (UINT32_MAX - reserved);
}

Result<std::uint32_t> find_cid(int device, const std::string& name) {
    for (std::uint32_t round = 0; round < 2 * guest_cid_rounds; ++round) {
        const std::uint32_t cid = round < guest_cid_rounds ? guest_cid(name, round) : random_cid();
        Result<bool> taken = try_cid(device, cid);
        if (!taken)
            return taken.failure();
        if (*taken)
            return cid;
    }
    return Failure{EADDRNOTAVAIL, "find a free CID", ""};
}

/// By way of the directory's descriptor, as a socket's path holds 107 bytes only.
std::optional<sockaddr_un> address_in(int directory, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto done = fmt::format_to_n(address.sun_path, sizeof address.sun_path - 1, "/proc/self/fd/{}/{}", directory, name);
    return done.size < sizeof address.sun_path ? std::optional(address) : std::nullopt;
}

constexpr int waiting_guests = 128;  ///< connections that were not taken yet

Result<VsockPort> listen_in_kernel(std::uint32_t port) {
    VsockPort made{.listener = Fd(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), .port = 0};
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = VMADDR_CID_ANY;
    address.svm_port = port == 0 ? VMADDR_PORT_ANY : port;
    socklen_t size = sizeof address;
    auto* at = reinterpret_cast<sockaddr*>(&address);
    if (!made.listener)
        return failed("make a VSOCK socket");
    if (bind(made.listener.get(), at, size) < 0 || listen(made.listener.get(), waiting_guests) < 0 ||
        getsockname(made.listener.get(), at, &size) < 0)
        return failed("listen on VSOCK");
    made.port = address.svm_port;
    return made;
}

}  // namespace

Result<ClaimedVsock> claim_vsock(const ClaimVsock& action, const PassedDescriptors& passed) {
    Result<Fd> device = action.passed ? copy_passed(passed, passed_name::vhost_vsock) : Fd(::open("/dev/vhost-vsock", O_RDWR | O_CLOEXEC));
    if (!device)
        return device.failure();
    ClaimedVsock claimed{.device = *std::move(device), .cid = action.cid.value_or(0)};
    if (!claimed.device)
        return failed("open /dev/vhost-vsock");
    if (!action.cid) {
        Result<std::uint32_t> found = find_cid(claimed.device.get(), action.name);
        if (!found)
            return found.failure();
        claimed.cid = *found;
        return claimed;
    }
    Result<bool> taken = try_cid(claimed.device.get(), *action.cid);
    if (!taken)
        return taken.failure();
    if (!*taken)
        return Failure{EBUSY, "", fmt::format("another machine has CID {}", *action.cid)};
    return claimed;
}

Result<VsockPort> listen_vsock(const ListenVsock& action, int directory) {
    if (action.socket.empty())
        return listen_in_kernel(action.port);
    const auto address = address_in(directory, action.socket);
    VsockPort made{.listener = Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), .port = action.port};
    if (!address || !made.listener)
        return failed("make a socket");
    if (bind(made.listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) < 0 ||
        listen(made.listener.get(), waiting_guests) < 0)
        return failed("listen in the runtime directory");
    return made;
}

Result<void> connect_in(int directory, const std::string& name, int fd) {
    const auto address = address_in(directory, name);
    if (!address || connect(fd, reinterpret_cast<const sockaddr*>(&*address), sizeof *address) < 0)
        return failed("connect to " + name);
    return {};
}

Result<Fd> connect_in(int directory, const std::string& name) {
    Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (Result<void> connected = connect_in(directory, name, fd.get()); !connected)
        return connected.failure();
    return fd;
}

}  // namespace vmspawn
