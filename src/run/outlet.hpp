// Writes to a descriptor that others share (standard output) without waiting and without changing its flags for them.
#pragma once

#include "base/fd.hpp"
#include "run/backlog.hpp"
#include "run/event.hpp"

#include <functional>
#include <string_view>

namespace vmspawn {

class Outlet {
public:
    struct Handlers {
        std::function<void()> emptied;        ///< all that was given has been written
        std::function<void(int error)> lost;  ///< nobody reads any more; what is given from now on is dropped
    };

    /// `fd` stays the caller's.
    Outlet(EventLoop& loop, int fd, Handlers handlers);

    /// Keeps the bytes and writes what can be written now. Ask waiting(), or is_full(), before giving more: the caller is what bounds them.
    void give(std::string_view bytes);
    [[nodiscard]] bool empty() const { return pending_.empty(); }
    [[nodiscard]] std::size_t waiting() const { return pending_.size(); }
    [[nodiscard]] bool is_full() const { return pending_.is_full(); }
    [[nodiscard]] bool is_lost() const { return lost_; }

private:
    enum class Writing {
        at_will,     ///< never waits: non-blocking, or a regular file
        as_socket,   ///< asked for each call not to wait
        when_ready,  ///< may wait: a little at a time, and only when the loop says that something fits
    };
    Fd own_;  ///< a second open file of the same thing
    int fd_;
    Writing writing_;
    Handlers handlers_;
    Backlog pending_;
    bool lost_ = false;
    EventSource writable_;

    void flush(bool told_ready);
    long write_some();
};

}  // namespace vmspawn
