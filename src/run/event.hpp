// The one loop, a thin owner of sd-event. Handlers run in turn(); they must not throw: they are called from C.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

struct sd_bus;
struct sd_event;
struct sd_event_source;

namespace vmspawn {

/// Those by which a process is asked to end: SIGTERM, SIGINT, and SIGHUP unless whoever started vmspawn wants it to go on without them, as
/// nohup(1) does.
std::vector<int> ending_signals();

/// One thing that is watched, until this goes away. May go away inside its own handler.
class EventSource {
public:
    struct Watched;

    EventSource();
    explicit EventSource(std::shared_ptr<Watched> watched);
    EventSource(EventSource&&) noexcept;
    EventSource& operator=(EventSource&&) noexcept;
    ~EventSource();

    void enable(bool on);
    explicit operator bool() const { return watched_ != nullptr; }

private:
    std::shared_ptr<Watched> watched_;
};

class EventLoop {
public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// `events`: EPOLLIN, EPOLLOUT. A file that cannot be waited for (regular, /dev/null) is always ready. The descriptor stays the
    /// caller's.
    EventSource on_io(int fd, std::uint32_t events, std::function<void(std::uint32_t)> handler);
    /// Blocks the signal in this process. `sender`: 0 is the kernel, such as a terminal.
    EventSource on_signal(int number, std::function<void(pid_t sender)> handler);
    /// A name was made in the directory `path`.
    EventSource on_new_name(const std::string& path, std::function<void()> handler);
    EventSource on_timer(std::chrono::microseconds after, std::function<void()> handler);

    /// The bus is served by this loop until it is detached.
    Result<void> attach(sd_bus* bus);

    /// Tells the service manager in time that this loop turns, where $WATCHDOG_USEC asks for it.
    void answer_watchdog();

    /// Waits for one event and handles it. Fails when the loop or a source could not be set up.
    Result<void> turn();

private:
    sd_event* loop_ = nullptr;
    std::optional<Failure> failure_;  ///< the first; kept so that callers need not check each source

    EventSource keep(std::shared_ptr<EventSource::Watched> watched, int result, const char* doing);
};

}  // namespace vmspawn
