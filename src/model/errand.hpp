// What one run of a machine is for: flags of `run`, no part of the machine.
#pragma once

#include "base/origin.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmspawn {

struct Errand {
    std::optional<std::string> command;  ///< for the guest's shell; the machine ends with it
    Origin command_at;
    std::optional<std::uint64_t> time_limit_us;  ///< the machine ends then, whatever it does
};

}  // namespace vmspawn
