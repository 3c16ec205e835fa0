// Carries bytes between the caller's standard streams and those of a command in the guest, and learns how the command ends.
#pragma once

#include "run/escape_keys.hpp"
#include "run/event.hpp"
#include "run/guest_stream.hpp"
#include "run/lines.hpp"
#include "run/messages.hpp"
#include "run/outlet.hpp"
#include "run/terminal.hpp"

#include <functional>
#include <optional>

namespace vmspawn {

/// Our ends of the command's channels, non-blocking. They stay the owner's.
struct CommandEnds {
    int input = -1, output = -1, errors = -1, control = -1;
    bool terminal = false;  ///< the guest was asked for one
};
struct CallerStreams {
    int input = 0, output = 1, errors = 2;
};

class CommandLink {
public:
    struct Handlers {
        std::function<void()> started;
        std::function<void(int status)> ended;  ///< and all that it wrote has come
        std::function<void(HotKey)> typed;      ///< on a terminal
    };

    /// When the command gets a terminal, the caller's becomes raw.
    CommandLink(EventLoop& loop, Messages& messages, CommandEnds ends, CallerStreams caller, Handlers handlers);
    ~CommandLink();

    /// To all processes of the command.
    void send_signal(int number);
    /// QEMU is gone: calls `done`, once, when all that has come is written out.
    void finish(std::function<void()> done);
    /// Writes no more; a waiting finish() is done.
    void abandon();

private:
    EventLoop& loop_;
    Messages& messages_;
    CommandEnds ends_;
    CallerStreams caller_;
    Handlers handlers_;
    LineSplitter lines_;
    std::optional<int> status_;
    bool told_ = false;  ///< the owner
    std::function<void()> done_;
    EscapeKeys keys_;
    std::optional<RawTerminal> raw_;
    Outlet to_guest_;
    GuestStream output_;
    GuestStream errors_;
    EventSource from_caller_;
    EventSource from_control_;
    EventSource resized_;
    EventSource continued_;

    void say(const std::string& line);
    void open_terminal();
    void close_terminal();
    void tell_size();
    void caller_spoke();
    void type(std::string bytes);
    void close_input();
    void guest_took_input();
    void control_spoke();
    void heed(const std::string& line);
    void moved();
};

}  // namespace vmspawn
