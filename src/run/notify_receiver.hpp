// Takes the messages of one guest, and of nobody else.
#pragma once

#include "base/fd.hpp"
#include "run/event.hpp"
#include "run/notify.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace vmspawn {

/// Who may connect: a guest's CID on the kernel's VSOCK, or the process that stands for it on a socket of ours.
using GuestPeer = std::variant<std::uint32_t, pid_t>;

class NotifyReceiver {
public:
    struct Handlers {
        std::function<void(const NotifyField&)> said;
        std::function<void(const std::string& problem)> refused;  ///< a stranger, or a message that is none
    };

    /// `listener` is the caller's.
    NotifyReceiver(EventLoop& loop, int listener, GuestPeer guest, Handlers handlers);

    /// Reads what has come but was not looked at yet: the last words of a guest that has ended.
    void drain();

    static constexpr std::size_t most_connections = 64;

private:
    struct Connection {
        Fd socket;
        std::string bytes;
        EventSource source;
    };

    EventLoop& loop_;
    int listener_;
    GuestPeer guest_;
    Handlers handlers_;
    std::list<Connection> connections_;
    bool told_of_strangers_ = false;
    EventSource source_;

    bool accept_one();
    [[nodiscard]] bool is_guest(int socket, std::string& who) const;
    void read_from(std::list<Connection>::iterator connection);
    [[nodiscard]] bool is_whole(const Connection& connection) const;
    void finish(std::list<Connection>::iterator connection);
};

}  // namespace vmspawn
