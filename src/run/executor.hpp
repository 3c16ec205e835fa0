// Brings a plan up, supervises QEMU, tears down in reverse, and returns the exit status. The only translator of failures into messages.
#pragma once

#include "base/passed.hpp"
#include "plan/plan.hpp"
#include "run/run_clock.hpp"

#include <functional>
#include <string>

namespace vmspawn {

/// As $SYSTEMD_LOG_TARGET names them.
enum class LogTarget { console, console_prefixed, kmsg, journal, nowhere };

struct RunOptions {
    bool quiet = false;          ///< no status lines; warnings stay
    bool colour = false;         ///< stderr is a terminal that wants it
    int level = 6;               ///< LOG_INFO: what is less pressing is not said
    bool timed = false;          ///< each line tells when
    bool located = false;        ///< each message tells the line of our source that says it
    bool with_tid = false;       ///< and the thread
    bool ratelimit_kmsg = true;  ///< the kernel's log is not flooded
    LogTarget target = LogTarget::console;
    bool progress = false;   ///< stderr is a terminal that takes lines back
    std::string timeline{};  ///< the file that is to tell where the time went, by its ending an .svg or .json; empty: none
    RunClock clock{};        ///< what was done before
    std::function<std::string()> definition{};  ///< what definition_file is to hold; asked for when the machine is up
    int starter = -1;  ///< a socket of the vmspawn in whose background this one is to go on (run/detach); -1: there is none
};

/// SIGCHLD, ending_signals() and memory_signal() must be blocked (main does it first thing). `passed`: what the plan takes of it.
/// A timeline that cannot be written is an error, and the status where the machine has none of its own.
int execute(const Plan& plan, const RunOptions& options, const PassedDescriptors& passed);

}  // namespace vmspawn
