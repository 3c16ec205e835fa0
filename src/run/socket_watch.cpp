#include "run/socket_watch.hpp"

#include "run/vsock.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace vmspawn {

SocketWatch::SocketWatch(EventLoop& loop, int directory, std::string name, Fd client, Handler handler)
    : loop_(loop), directory_(directory), name_(std::move(name)), client_(std::move(client)), handler_(std::move(handler)) {
    created_ = loop.on_new_name(fmt::format("/proc/self/fd/{}", directory), [this] { look(); });
    again_ = loop.on_timer(std::chrono::microseconds(0), [this] { look(); });  // it may be there already
}

void SocketWatch::look() {
    constexpr std::chrono::microseconds a_moment{200};
    Result<void> connected = connect_in(directory_, name_, client_.get());
    if (!connected && connected.failure().error == ENOENT)
        return;
    if (!connected && connected.failure().error == ECONNREFUSED) {  // the name comes with bind, a moment before listen
        again_ = loop_.on_timer(a_moment, [this] { look(); });
        return;
    }
    created_ = EventSource();
    again_ = EventSource();
    client_.reset();
    const Handler handler = std::move(handler_);
    handler(std::move(connected));
}

}  // namespace vmspawn
