// One who watches a machine's console from elsewhere, and may type. Whoever does not read loses output, and never holds the guest back.
#pragma once

#include "base/fd.hpp"
#include "run/escape_keys.hpp"
#include "run/event.hpp"
#include "run/live_entry.hpp"
#include "run/outlet.hpp"

#include <cstddef>
#include <functional>
#include <string>

namespace vmspawn {

/// Of a terminal.
struct TerminalSize {
    unsigned short rows = 0, columns = 0;
};

class LiveWatcher {
public:
    struct Powers {
        bool types = true;
        EscapeKeys::Scope keys = EscapeKeys::Scope::all;
    };
    struct Handlers {
        std::function<void(std::string bytes)> typed;
        std::function<void(HotKey)> key;  ///< but the one that detaches
        std::function<void(TerminalSize)> resized;
    };

    /// `kept`: entries that are shown first.
    LiveWatcher(EventLoop& loop, Fd socket, Powers powers, Handlers handlers, const std::string& kept);

    /// An entry; dropped while too many wait.
    void show(const std::string& entry);
    [[nodiscard]] bool is_gone() const { return gone_ && !busy_; }

    static constexpr std::size_t most_waiting = std::size_t{8} << 20;

private:
    Fd socket_;
    Fd output_;  ///< the same: the loop watches a descriptor once
    Powers powers_;
    Handlers handlers_;
    EntryReader heard_;
    EscapeKeys keys_;
    Outlet said_;
    EventSource readable_;
    std::size_t dropped_ = 0;  ///< bytes since it kept up
    bool gone_ = false;
    bool leaving_ = false;  ///< once it has read all
    bool busy_ = false;     ///< on the stack

    void read_some();
    void take(LiveEntry entry);
    void take_typed(std::string bytes);
    void caught_up();
    void leave();
};

}  // namespace vmspawn
