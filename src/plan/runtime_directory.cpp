// The name of the machine, held while it runs.
#include "plan/contributors.hpp"

namespace vmspawn {

namespace {

/// What systemd gives a service that asks for one; of several the first.
std::string service_directory(const Planning& p) {
    const auto said = p.host.environment.find("RUNTIME_DIRECTORY");
    if (said == p.host.environment.end() || !said->second.starts_with('/'))
        return {};
    return said->second.substr(0, said->second.find(':'));
}

}  // namespace

void plan_runtime_directory(Planning& p) {
    std::vector<std::string> reasons;
    const std::string linked_in = service_directory(p);
    if (!linked_in.empty())
        reasons.emplace_back("$RUNTIME_DIRECTORY leads to the machine's directory");
    if (p.name_is_drawn())
        reasons.emplace_back("the name gets a suffix, drawn at the start, because the machine is ephemeral and nobody gave it a name");
    p.add({.id = "runtime-dir",
           .up = ClaimName{p.host.runtime_base, p.machine.name, p.name_is_drawn(), linked_in},
           .because = p.origin("name"),
           .because_key = p.machine.said("name") ? "name" : "",
           .reasons = std::move(reasons)});
}

}  // namespace vmspawn
