#include "run/notify_receiver.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <linux/vm_sockets.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn {

NotifyReceiver::NotifyReceiver(EventLoop& loop, int listener, GuestPeer guest, Handlers handlers)
    : loop_(loop), listener_(listener), guest_(guest), handlers_(std::move(handlers)) {
    source_ = loop.on_io(listener, EPOLLIN, [this](std::uint32_t) { accept_one(); });
}

bool NotifyReceiver::is_guest(int socket, std::string& who) const {
    if (const auto* cid = std::get_if<std::uint32_t>(&guest_)) {
        sockaddr_vm peer{};
        socklen_t size = sizeof peer;
        if (getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) < 0 || peer.svm_family != AF_VSOCK)
            return false;
        who = fmt::format("CID {}", peer.svm_cid);
        return peer.svm_cid == *cid;
    }
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
        return false;
    who = fmt::format("process {}", peer.pid);
    return peer.pid == std::get<pid_t>(guest_);
}

/// False when nobody waits.
bool NotifyReceiver::accept_one() {
    Fd socket(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket)
        return errno == EINTR || errno == ECONNABORTED;
    std::string who = "somebody";
    if (!is_guest(socket.get(), who)) {
        if (!std::exchange(told_of_strangers_, true))
            handlers_.refused(fmt::format("{} spoke on the guest's notification socket and was not heard", who));
        return true;
    }
    if (connections_.size() >= most_connections)
        connections_.pop_front();
    const auto added = connections_.insert(connections_.end(), Connection{.socket = std::move(socket), .bytes = "", .source = {}});
    added->source = loop_.on_io(added->socket.get(), EPOLLIN, [this, added](std::uint32_t) { read_from(added); });
    return true;
}

void NotifyReceiver::read_from(std::list<Connection>::iterator connection) {
    std::array<char, longest_notification + 1> buffer;
    const ssize_t size = read(connection->socket.get(), buffer.data(), buffer.size());
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (size > 0)
        connection->bytes.append(buffer.data(), static_cast<std::size_t>(size));
    if (size <= 0 || is_whole(*connection))
        finish(connection);
}

/// The user-space device does not hand on that the guest has shut its side, and the guest's systemd waits for our end of file: there
/// the first bytes are the message, which a guest sends in one piece.
bool NotifyReceiver::is_whole(const Connection& connection) const {
    return connection.bytes.size() > longest_notification || std::holds_alternative<pid_t>(guest_);
}

void NotifyReceiver::finish(std::list<Connection>::iterator connection) {
    const std::string bytes = std::move(connection->bytes);
    connections_.erase(connection);
    const auto fields = parse_notification(bytes);
    if (!fields)
        return handlers_.refused("the guest sent a notification that is none");
    for (const NotifyField& field : *fields)
        handlers_.said(field);
}

void NotifyReceiver::drain() {
    while (accept_one()) {
    }
    for (auto connection = connections_.begin(); connection != connections_.end();)
        read_from(connection++);
}

}  // namespace vmspawn
