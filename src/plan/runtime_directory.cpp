// The name of the machine, held while it runs.
#include "plan/contributors.hpp"

namespace vmspawn {

void plan_runtime_directory(Planning& p) {
    p.add({.id = "runtime-dir",
           .up = ClaimName{p.host.runtime_base, p.machine.name},
           .because = p.origin("name"),
           .because_key = p.machine.said("name") ? "name" : ""});
}

}  // namespace vmspawn
