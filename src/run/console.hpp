// Carries bytes between the caller's standard input and output and the guest's console.
#pragma once

#include "base/fd.hpp"
#include "plan/plan.hpp"
#include "run/escape_keys.hpp"
#include "run/event.hpp"
#include "run/messages.hpp"
#include "run/outlet.hpp"
#include "run/terminal.hpp"

#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

struct ConsoleEnds {
    int input = 0;
    int output = 1;
    int master = -1;  ///< non-blocking; the guest's side
};

class ConsoleLink {
public:
    struct Handlers {
        std::function<void(HotKey)> typed;  ///< not with a transparent console: those keys are the guest's
        std::function<void()> hang_up;      ///< the caller's terminal is gone
    };

    /// The kind is not `none`. A terminal on `input` becomes raw unless the console is read-only.
    ConsoleLink(EventLoop& loop, Messages& messages, ConsoleKind kind, ConsoleEnds ends, Handlers handlers);
    ~ConsoleLink();

    /// The end of what the guest printed, for a message.
    [[nodiscard]] std::string last_lines() const;
    /// Nothing more will come: calls `done`, once, when all that has come is written out.
    void finish(std::function<void()> done);
    /// Writes no more; a waiting finish() is done.
    void abandon();

private:
    Messages& messages_;
    ConsoleKind kind_;
    ConsoleEnds ends_;
    Handlers handlers_;
    bool input_is_terminal_;
    bool shares_terminal_;
    EscapeKeys keys_;
    std::optional<RawTerminal> raw_;
    std::function<void()> done_;
    std::string tail_;  ///< of what the guest printed
    Fd master_again_;   ///< a second number, since a loop watches each descriptor once
    Outlet to_caller_;
    Outlet to_guest_;
    EventSource from_guest_;
    EventSource from_caller_;
    EventSource continued_;

    void pump();
    void guest_spoke();
    void remember(std::string_view bytes);
    void caller_spoke(std::uint32_t events);
    void caller_closed();
    void take_input(std::string bytes);
    void guest_took_input();
    void check_done();
};

}  // namespace vmspawn
