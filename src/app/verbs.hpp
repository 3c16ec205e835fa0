// The stops on the line that main() walks. Each prints one thing and returns an exit status.
#pragma once

#include "base/diagnostic.hpp"
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "host/host.hpp"
#include "model/machine.hpp"
#include "plan/plan.hpp"

#include <optional>

namespace vmspawn {

/// Signals that the executor reads in its loop are blocked first thing, before any child exists.
void hold_signals();

/// Working directory and home: where relative paths of flags and "~/" start.
PathBase here();

/// help, --version, schema, completion and init need only the language. Nothing: the line goes on.
std::optional<int> speak(const Invocation& said, const Diagnostics& found);

/// ssh and ssh-proxy are about a machine that runs. Nothing: the line goes on.
std::optional<int> visit(const Invocation& said, const Diagnostics& found);

/// The file that the line is about: of `explain` the second word, else the first. Empty: there is none.
std::string definition_of(const Invocation& said);

/// --firmware=describe: the chosen descriptor, as it stands in its file.
int describe_firmware(const Invocation& said, const Merged& merged, const PathBase& base);

int check(const Invocation& said, const PathBase& base, Diagnostics found);
int show_host(const Invocation& said, const PathBase& base, Diagnostics found);
int explain(const Invocation& said, const Merged& merged, Diagnostics found);
int show(const Invocation& said, const Merged& merged, const PathBase& base, Diagnostics found);

/// The probe's answers, or those recorded in --host=FILE. Nothing: `found` says why.
std::optional<Host> learn_host(const Invocation& said, const Machine& machine, Diagnostics& found);

int show_plan(const Invocation& said, const Plan& plan);
int run(const Invocation& said, const Plan& plan);

/// Writes NAME.vmspawn, commented. An existing file is left as it is (EEXIST).
int init(const std::string& name);
/// What init() writes.
std::string definition_template(const std::string& name);

}  // namespace vmspawn
