// A plan for people and programs. All of these are deterministic and hold no secret's value.
#pragma once

#include "base/result.hpp"
#include "plan/plan.hpp"

#include <string>

namespace vmspawn {

std::string plan_text(const Plan& plan);
std::string plan_tree(const Plan& plan);  ///< in 80 columns
std::string plan_json(const Plan& plan);  ///< {"version":1,…}
std::string plan_dot(const Plan& plan);
std::string plan_svg(const Plan& plan);  ///< one file, without scripts and fonts of its own
/// A bash script that boots the same machine with QEMU alone. EOPNOTSUPP naming the action that has no shell form.
Result<std::string> plan_script(const Plan& plan);

}  // namespace vmspawn
