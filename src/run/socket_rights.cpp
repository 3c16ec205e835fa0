#include "run/socket_rights.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>

namespace vmspawn {

namespace {

/// For what goes along with bytes, aligned as the kernel has it.
struct ControlRoom {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * most_rights)> bytes;
};

}  // namespace

ssize_t send_with_rights(int socket, std::string_view bytes, std::span<const int> descriptors, int flags) {
    ControlRoom control{};
    iovec text{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    if (!descriptors.empty()) {
        const std::size_t size = sizeof(int) * std::min(descriptors.size(), most_rights);
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(size);
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(header), descriptors.data(), size);
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t receive_with_rights(int socket, std::span<char> buffer, std::vector<Fd>& descriptors, int flags) {
    ControlRoom control{};
    iovec text{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_iov = &text;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    const ssize_t got = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (got < 0)
        return got;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        for (std::size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + at, sizeof fd);
            descriptors.emplace_back(fd);
        }
    }
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
        errno = EMSGSIZE;
        return -1;
    }
    return got;
}

}  // namespace vmspawn
