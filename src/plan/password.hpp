// Which services of the host may ask the user for a password, by polkit.
#pragma once

#include "plan/plan.hpp"

namespace vmspawn {

/// The plan with none that may: --no-ask-password.
Plan without_questions(Plan plan);

/// Whether any may.
bool may_ask(const Plan& plan);

}  // namespace vmspawn
