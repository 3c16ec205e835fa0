// The stops on the line that main() walks. Each prints one thing and returns an exit status.
#pragma once

#include "base/diagnostic.hpp"
#include "base/passed.hpp"
#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "host/host.hpp"
#include "model/errand.hpp"
#include "model/machine.hpp"
#include "plan/plan.hpp"
#include "run/run_clock.hpp"

#include <functional>
#include <optional>
#include <span>

namespace vmspawn {

/// Signals that the executor reads in its loop are blocked first thing, before any child exists.
void hold_signals();

/// Working directory and home: where relative paths of flags and "~/" start.
PathBase here();

/// help, --version, schema, completion and init need only the language. Nothing: the line goes on.
std::optional<int> speak(const Invocation& said, const Diagnostics& found);

/// Verbs about machines that run. Nothing: the line goes on.
std::optional<int> visit(const Invocation& said, const Diagnostics& found);

/// run --detach: starts the same line in the background, and tells of it. Nothing: the line goes on, as this is that one or there is none.
std::optional<int> detach(const Invocation& said, std::span<char* const> argv, const Diagnostics& found);

/// The file that the line is about: of `explain` the second word, else the first. Empty: there is none.
std::string definition_of(const Invocation& said);

/// The file's layers with the flags over them; the file may be none.
Merged merged_of(const std::string& file, const Invocation& said, const PathBase& base, Diagnostics& found);

/// --firmware=describe: the chosen descriptor, as it stands in its file.
int describe_firmware(const Invocation& said, const Merged& merged, const PathBase& base);

int check(const Invocation& said, const PathBase& base, Diagnostics found);
/// Keys that differ in two definitions, flags and profile laid over both.
int diff(const Invocation& said, const PathBase& base, Diagnostics found);
int show_host(const Invocation& said, const PathBase& base, Diagnostics found);
int explain(const Invocation& said, const Merged& merged, Diagnostics found);
int show(const Invocation& said, const Merged& merged, const PathBase& base, Diagnostics found);

/// The machine for another engine on standard output; what is lost is said on stderr, or fails with --strict.
int print_export(const Invocation& said, const Machine& machine, const Merged& merged, Diagnostics found);

/// The probe's answers, or those recorded in --host=FILE. Nothing: `found` says why.
std::optional<Host> learn_host(const Invocation& said, const Machine& machine, const PassedDescriptors& passed, Diagnostics& found);

/// What the run is for, by the flags that are no part of the machine.
Errand errand_of(const Invocation& said);

int show_plan(const Invocation& said, const Plan& plan);
/// One recorded run, or two side by side.
int show_timelines(const Invocation& said, Diagnostics found);
/// plan --against: the definition, without a file that of the machine, beside what the machine was started with.
int compare(const Invocation& said, const PathBase& base, Diagnostics found);
/// What a machine keeps for that, made when it is asked for. Both arguments outlive it.
std::function<std::string()> definition_to_keep(const Merged& merged, const PathBase& base);
/// `clock` has run since vmspawn started.
int run(const Invocation& said, const Plan& plan, const PassedDescriptors& passed, RunClock clock, std::function<std::string()> definition);

/// Writes NAME.vmspawn, commented. An existing file is left as it is (EEXIST).
int init(const std::string& name, std::string_view kind);
/// What init() writes; `kind` is a word of --template, or empty.
std::string definition_template(const std::string& name, std::string_view kind = {});

}  // namespace vmspawn
