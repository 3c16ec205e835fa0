// Waits until a helper listens on the socket that it makes in a directory: the one way to start a helper that takes only a path.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/event.hpp"

#include <functional>
#include <string>

namespace vmspawn {

class SocketWatch {
public:
    using Handler = std::function<void(Result<void> connected)>;

    /// Connects `client` to it, and closes it. `directory` is the caller's and outlives this. The handler is called once, from the loop.
    SocketWatch(EventLoop& loop, int directory, std::string name, Fd client, Handler handler);

private:
    EventLoop& loop_;
    int directory_;
    std::string name_;
    Fd client_;
    Handler handler_;
    EventSource created_;
    EventSource again_;

    void look();
};

}  // namespace vmspawn
