// The one fork. Everything a child needs is computed before; see design, decision 8.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <string>
#include <sys/types.h>
#include <vector>

namespace vmspawn {

/// A child to be: nothing else of this process reaches it.
struct ChildSpec {
    std::string program;                   ///< absolute; empty: it ends as soon as it has its namespaces
    std::vector<std::string> arguments;    ///< without the program's name
    std::vector<std::string> environment;  ///< "NAME=value"
    int input = -1;                        ///< becomes 0
    int output = -1;                       ///< becomes 1 and 2
    std::vector<int> descriptors;          ///< become 3, 4, …
    int directory = -1;                    ///< its working directory; -1: this process's
    bool activated = false;                ///< it finds the first of `descriptors` by LISTEN_FDS and LISTEN_PID
    bool own_group = true;                 ///< of processes: else keys of the terminal reach it as they reach us
    bool no_new_privileges = true;
    const Namespace* space = nullptr;  ///< null: it sees what this process sees
    int death_signal = 9;              ///< sent by the kernel when this process dies
    unsigned mask = 077;               ///< umask(2)
};

struct Child {
    pid_t pid = -1;
    Fd pidfd;
};

/// Returns when the program runs (exec worked); an exec that fails is this call's failure. SIGCHLD need not be handled.
Result<Child> spawn_child(const ChildSpec& spec);

/// PATH, HOME, LANG, TMPDIR and XDG_RUNTIME_DIR of this process; LANG is C.UTF-8 when unset.
std::vector<std::string> short_environment();

}  // namespace vmspawn
