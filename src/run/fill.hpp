// The first content of a directory, made by a program: all of it or nothing.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

namespace vmspawn {

/// The new, empty directory in `directory` where the program is to run, with the files that it reads. What a killed run left goes first.
/// No descriptor: all is there already, and nothing is to run.
Result<Fd> begin_filling(int directory, const Fill& fill);

/// The program has ended well: what it made for keeps moves to `directory`, the last file last, and is on the disk then. The rest goes.
Result<void> finish_filling(int directory, const Fill& fill);

/// The program has not ended well, or was ended.
void give_up_filling(int directory);

}  // namespace vmspawn
