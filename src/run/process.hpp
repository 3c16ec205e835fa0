// A running child: its output, its end.
#pragma once

#include "run/event.hpp"
#include "run/lines.hpp"
#include "run/spawn.hpp"
#include "run/supervisor.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace vmspawn {

class Process {
public:
    struct Handlers {
        std::function<void(const std::string& line)> line;  ///< a line that it wrote, once show_lines() was called
        std::function<void(ProcessEnd)> ended;              ///< after its last line
    };

    /// `output` is our end of the pipe that is its standard output and error.
    Process(EventLoop& loop, Child child, Fd output, Handlers handlers);

    void signal(int number);
    /// From now on what it writes is handed on; first what it has written so far.
    void show_lines();
    [[nodiscard]] std::string last_words() const { return words_.text(); }
    [[nodiscard]] pid_t pid() const { return child_.pid; }
    [[nodiscard]] int pidfd() const { return child_.pidfd.get(); }  ///< -1: it has ended
    [[nodiscard]] bool running() const { return static_cast<bool>(child_.pidfd); }

    /// Without the loop: SIGTERM, then after `patience` SIGKILL, and waits for its end. Calls no handler.
    void end(std::chrono::seconds patience);

private:
    Child child_;
    Fd output_;
    Handlers handlers_;
    LineSplitter lines_{LastWords::longest_line};
    LastWords words_;
    bool shown_ = false;
    EventSource output_source_;
    EventSource end_source_;

    bool read_output();
    void take_line(const std::string& line);
    void reap();
    [[nodiscard]] bool wait_for(std::chrono::milliseconds time) const;
};

}  // namespace vmspawn
