// What the machine shows, beside the caller's terminal: kept in its runtime directory, and passed on to those who watch from elsewhere.
#pragma once

#include "base/fd.hpp"
#include "run/escape_keys.hpp"
#include "run/event.hpp"
#include "run/live_watcher.hpp"
#include "run/messages.hpp"
#include "run/transcript.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <string>
#include <string_view>

namespace vmspawn {

class LiveOutput {
public:
    /// From here on what is said is kept. Both outlive this.
    LiveOutput(EventLoop& loop, Messages& messages, Fd directory);
    ~LiveOutput();
    LiveOutput(const LiveOutput&) = delete;
    LiveOutput& operator=(const LiveOutput&) = delete;

    void guest_spoke(std::string_view bytes) { show(LiveEntry::Kind::output, bytes); }
    /// Somebody watches from now on: first is shown what was kept.
    void admit(Fd socket, LiveWatcher::Powers powers, LiveWatcher::Handlers handlers);
    /// There is no more, and who watches is told.
    void end();

    static constexpr std::size_t most_watchers = 16;

private:
    EventLoop& loop_;
    Messages& messages_;
    Transcript transcript_;
    std::list<LiveWatcher> watchers_;

    void show(LiveEntry::Kind kind, std::string_view bytes);
    void remove_gone();
};

}  // namespace vmspawn
