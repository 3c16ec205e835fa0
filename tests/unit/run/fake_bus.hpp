// The system's bus with all services on it, in this process.
#pragma once

#include "base/fd.hpp"
#include "run/event.hpp"
#include "support.hpp"

#include <systemd/sd-bus.h>

#include <functional>
#include <string>
#include <vector>

namespace vmspawn::test {

/// $DBUS_SYSTEM_BUS_ADDRESS leads to it while it lives. The loop outlives it.
class FakeBus {
public:
    /// Of each call but those of the bus itself: `member` is the method. It replies, or the caller waits.
    using Serve = std::function<void(const std::string& member, sd_bus_message* call)>;

    FakeBus(EventLoop& loop, Serve serve);
    ~FakeBus();
    FakeBus(const FakeBus&) = delete;
    FakeBus& operator=(const FakeBus&) = delete;

    /// A signal of systemd's manager, to whoever was the last to connect.
    void emit(const char* member, const std::function<void(sd_bus_message*)>& fill);
    [[nodiscard]] std::size_t connections() const { return clients_.size(); }

private:
    EventLoop& loop_;
    Serve serve_;
    TemporaryDirectory directory_;
    Fd listener_;
    EventSource source_;
    std::vector<sd_bus*> clients_;

    void admit();
    int serve(sd_bus_message* call);
};

}  // namespace vmspawn::test
