// Hears from logind when this host is about to sleep, and holds that up until the guest stands still.
#pragma once

#include "base/fd.hpp"
#include "run/bus.hpp"

#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

class SleepWatch {
public:
    struct Handlers {
        std::function<void(bool asleep)> sleeps;
        std::function<void(const std::string& problem)> failed;
    };

    /// The loop outlives this.
    SleepWatch(EventLoop& loop, std::string machine, Handlers handlers);

    /// The host may sleep now.
    void let_sleep() { held_up_.reset(); }

private:
    std::string machine_;
    Handlers handlers_;
    std::optional<Bus> bus_;
    Fd held_up_;  ///< sleep waits while this is open

    void hold_up();
    void sleep_changes(sd_bus_message* signal);
};

}  // namespace vmspawn
