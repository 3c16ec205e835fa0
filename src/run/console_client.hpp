// The console of a machine that another vmspawn runs.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/live_entry.hpp"
#include "run/machines.hpp"
#include "run/messages.hpp"

namespace vmspawn {

struct ConsoleConnection {
    Fd socket;  ///< non-blocking
    EntryReader heard;
    bool types = false;  ///< the guest hears what is typed
};
/// EOPNOTSUPP: its console does not go through vmspawn.
Result<ConsoleConnection> attach_console(const ListedMachine& machine);

enum class ViewEnd { machine_ended, detached, signalled, cut_off, reader_gone };

/// Shows it on standard output until one of these. Standard input, where it and the output are terminals, is typed to the guest.
Result<ViewEnd> view_console(const ListedMachine& machine, ConsoleConnection connection, Messages& messages);

}  // namespace vmspawn
