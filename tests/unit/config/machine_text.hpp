// A machine as text, to compare two of them. Where its values come from does not count.
#pragma once

#include "model/machine.hpp"

#include <string>

namespace vmspawn {

std::string machine_text(const Machine& machine);

}  // namespace vmspawn
