// Hears when memory runs short: where the service manager says how (systemd's MEMORY_PRESSURE protocol), else of the own control group.
#pragma once

#include "base/fd.hpp"
#include "run/event.hpp"

#include <functional>
#include <string>

namespace vmspawn {

/// By which systemd asks a program to give memory back.
int memory_signal();

class MemoryPressure {
public:
    /// Of the kernel.
    struct Places {
        std::string own_group = "/proc/self/cgroup";
        std::string groups = "/sys/fs/cgroup";
        std::string of_all = "/proc/pressure/memory";  ///< for hosts whose control groups tell nothing of it
    };

    /// By $MEMORY_PRESSURE_WATCH and $MEMORY_PRESSURE_WRITE. Without them, or where they cannot be used, nothing is heard. `relieve` is
    /// called from the loop, for memory_signal() too.
    MemoryPressure(EventLoop& loop, std::function<void()> relieve);
    MemoryPressure(EventLoop& loop, std::function<void()> relieve, Places places);

    /// vmspawn is in the control group in which it stays. When it was told what to watch in another one, or nothing, it watches that of
    /// this group, where it may.
    void settle();

private:
    EventLoop& loop_;
    std::function<void()> relieve_;
    Places places_;
    EventSource asked_;
    std::string told_in_;  ///< the control group to which what was told belongs; empty: nothing was
    bool is_unwanted_ = false;
    Fd file_;
    EventSource source_;

    bool watch(const std::string& path, const std::string& trigger);
    void noticed(bool is_pipe, std::uint32_t events);
};

}  // namespace vmspawn
