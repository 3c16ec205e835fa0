// A file without a name, made of pieces and sealed: how credentials and merged initrds reach QEMU.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <string>

namespace vmspawn {

/// `name` is only for people who look into /proc.
Result<Fd> make_memory(const std::string& name, const MakeMemory& action);

}  // namespace vmspawn
