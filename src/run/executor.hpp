// Brings a plan up, supervises QEMU, tears down in reverse, and returns the exit status. The only translator of failures into messages.
#pragma once

#include "plan/plan.hpp"

namespace vmspawn {

struct RunOptions {
    bool quiet = false;   ///< no status lines; warnings stay
    bool colour = false;  ///< stderr is a terminal that wants it
};

/// SIGCHLD, SIGTERM, SIGINT and SIGHUP must be blocked (main does it first thing).
int execute(const Plan& plan, const RunOptions& options);

}  // namespace vmspawn
