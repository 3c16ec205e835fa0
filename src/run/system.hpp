// The seam to the outside: performs the actions of a plan, undoes them, and says what happened. LinuxSystem is real,
// FakeSystem (tests) records and fails on demand.
#pragma once

#include "base/result.hpp"
#include "plan/plan.hpp"
#include "run/supervisor.hpp"

#include <string>

namespace vmspawn {

class System {
public:
    virtual ~System() = default;

    /// Performs `resource.up`. Late values of its words come from resources performed before. A Spawn returns as soon as the child
    /// runs the program (exec worked); readiness and ends are reported by the loop.
    virtual Result<void> perform(const Resource& resource) = 0;
    /// Never fails: what cannot be undone is said on stderr.
    virtual void undo(const Resource& resource) = 0;
    /// The value of a Late in this process, for announcements: "2222".
    virtual std::string resolve(const Late& late) const = 0;
};

}  // namespace vmspawn
