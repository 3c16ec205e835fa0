// Files without a name, made of pieces: sealed ones, by which credentials and merged initrds reach QEMU, and writable ones.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"
#include "run/piece_writer.hpp"

#include <string>

namespace vmspawn {

/// `name` is only for people who look into /proc.
Result<Fd> make_memory(const std::string& name, const MakeMemory& action, const PieceSources& sources = {});
/// Empty, read-write, 0600, in $TMPDIR or /var/tmp; in memory where that has no files without a name.
Fd new_scratch(const std::string& name);
Result<Fd> make_scratch(const std::string& name, const MakeScratch& action, const PieceSources& sources = {});

}  // namespace vmspawn
