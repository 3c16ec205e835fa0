// Hears when memory runs short, where the service manager says how (systemd's MEMORY_PRESSURE protocol).
#pragma once

#include "base/fd.hpp"
#include "run/event.hpp"

#include <functional>

namespace vmspawn {

class MemoryPressure {
public:
    /// By $MEMORY_PRESSURE_WATCH and $MEMORY_PRESSURE_WRITE. Without them, or where they cannot be used, nothing is heard. `relieve` is
    /// called from the loop.
    MemoryPressure(EventLoop& loop, std::function<void()> relieve);

private:
    Fd file_;
    std::function<void()> relieve_;
    EventSource source_;

    void noticed(bool drained_by_reading);
};

}  // namespace vmspawn
