// Carries bytes between the caller's standard input and output and the guest's console.
#pragma once

#include "base/fd.hpp"
#include "plan/plan.hpp"
#include "run/background.hpp"
#include "run/decoration.hpp"
#include "run/escape_keys.hpp"
#include "run/event.hpp"
#include "run/live_watcher.hpp"
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
        std::function<void(HotKey)> typed;                    ///< not with a transparent console: those keys are the guest's
        std::function<void()> hang_up;                        ///< the caller's terminal is gone
        std::function<void(std::string_view bytes)> spoke{};  ///< what the guest prints, once it is given to the caller
    };

    /// The kind is not `none`. A terminal on `input` becomes raw unless the console is read-only. Decorates only a terminal.
    ConsoleLink(EventLoop& loop, Messages& messages, ConsoleKind kind, ConsoleEnds ends, Handlers handlers,
                const Decoration& decoration = {});
    ~ConsoleLink();

    /// The end of what the guest printed, for a message.
    [[nodiscard]] std::string last_lines() const;
    /// Nothing more will come: calls `done`, once, when all that has come is written out.
    void finish(std::function<void()> done);
    /// Something that the guest has printed before this was there.
    void show(std::string_view bytes);
    /// As the caller types, but no keys are looked for.
    void type(std::string_view bytes);
    /// From now on the caller neither hears nor types, and their terminal is as it was.
    void leave_caller();
    void set_size(TerminalSize size);
    /// The guest is to end: what the caller does not take is dropped from now on, so that QEMU can listen to us.
    void wait_for_nobody();
    /// Writes no more; a waiting finish() is done.
    void abandon();

private:
    Messages& messages_;
    ConsoleKind kind_;
    ConsoleEnds ends_;
    Handlers handlers_;
    bool input_is_terminal_;
    bool shares_terminal_;
    bool left_ = false;  ///< the caller has
    bool waits_ = true;  ///< for a caller who does not read, and a disk that is full of it
    bool told_that_it_waits_ = false;
    bool typed_in_vain_ = false;
    EscapeKeys keys_;
    std::optional<BackgroundFilter> background_;
    std::optional<BackgroundAnswer> answer_;
    std::optional<RawTerminal> raw_;
    std::function<void()> done_;
    std::string tail_;    ///< of what the guest printed
    std::string unsaid_;  ///< messages that may wait behind what it printed
    Unfinished line_ = Unfinished::nothing;
    Fd master_again_;  ///< a second number, since a loop watches each descriptor once
    Outlet to_caller_;
    Outlet to_guest_;
    EventSource from_guest_;
    EventSource from_caller_;
    EventSource continued_;
    EventSource resized_;
    EventSource answer_due_;

    void open(EventLoop& loop, const Decoration& decoration);
    bool say_in_turn(std::string_view text);
    void set_background(const std::string& parameters);
    void copy_size();
    [[nodiscard]] bool has_room() const;
    [[nodiscard]] bool is_shown() const;
    void pump();
    void guest_spoke();
    void make_guest_wait();
    void remember(std::string_view bytes);
    void hear_answer();
    void stop_listening();
    void caller_spoke(std::uint32_t events);
    void caller_closed();
    void take_input(std::string bytes);
    void pass_input(std::string bytes);
    void guest_took_input();
    void check_done();
    void end_line();
};

}  // namespace vmspawn
