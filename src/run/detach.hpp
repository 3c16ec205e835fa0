// A machine in the background: the vmspawn that was called starts another, and ends when that one's machine is ready.
#pragma once

#include "base/result.hpp"
#include "run/messages.hpp"

#include <string>
#include <vector>

namespace vmspawn {

struct BackgroundStart {
    std::string program;                 ///< absolute
    std::vector<std::string> arguments;  ///< without the program's name
};

struct StartedInBackground {
    std::string machine;  ///< its name; empty: it ended before it was ready
    int status = 0;       ///< with which it ended
};

/// Until the machine is ready or has ended; what it says meanwhile is on standard error. A signal is passed on to it. Descriptors
/// that were passed to this process (LISTEN_FDS) go to it.
Result<StartedInBackground> start_in_background(const BackgroundStart& start);

/// In the vmspawn that was started so: true, and it has a session of its own from then on.
bool enter_background();
/// There: the socket to the other one, once. -1: there is none.
int take_starter();

/// The machine is ready: from now on this process lives on its own, and is silent.
void leave_starter(int starter, const std::string& machine);

}  // namespace vmspawn
