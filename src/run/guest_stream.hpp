// One of a command's output streams on its way from the guest to the caller.
#pragma once

#include "run/event.hpp"
#include "run/outlet.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace vmspawn {

/// What the guest writes after all that the command wrote: QEMU says nowhere that a port has nothing more.
inline constexpr std::string_view end_of_stream = "\036\004vmspawn: end of stream\004\036";

/// How many bytes at the end may be the end of the stream, or a part of it.
std::size_t withheld(std::string_view bytes);

class GuestStream {
public:
    struct Handlers {
        std::function<void()> moved;  ///< complete() or settled() may have become true
        std::function<void()> lost;   ///< the caller reads no more; what comes is dropped
    };

    /// Both descriptors stay the owner's; `from` is non-blocking.
    GuestStream(EventLoop& loop, int from, int to, Handlers handlers);

    /// All that the command wrote has come.
    [[nodiscard]] bool complete() const { return held_ == end_of_stream; }
    /// QEMU is gone: what it left is all there is.
    void finish();
    /// After finish(): all is written out.
    [[nodiscard]] bool settled() const { return ended_ && to_caller_.empty(); }

private:
    int from_;
    Handlers handlers_;
    std::string held_;  ///< back: it may be the end of the stream
    bool finishing_ = false;
    bool ended_ = false;
    Outlet to_caller_;
    EventSource from_guest_;

    [[nodiscard]] bool has_room() const;
    void pump();
    bool read_some();
    void end();
};

}  // namespace vmspawn
