// The name of the machine, held while it runs.
#include "plan/contributors.hpp"

namespace vmspawn {

void plan_runtime_directory(Planning& p) {
    std::vector<std::string> reasons;
    if (p.name_is_drawn())
        reasons.emplace_back("the name gets a suffix, drawn at the start, because the machine is ephemeral and nobody gave it a name");
    p.add({.id = "runtime-dir",
           .up = ClaimName{p.host.runtime_base, p.machine.name, p.name_is_drawn()},
           .because = p.origin("name"),
           .because_key = p.machine.said("name") ? "name" : "",
           .reasons = std::move(reasons)});
}

}  // namespace vmspawn
