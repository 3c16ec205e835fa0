// The seam to the outside: performs the actions of a plan, undoes them, and says what came up. LinuxSystem is real,
// FakeSystem (tests) records and fails on demand.
#pragma once

#include "base/result.hpp"
#include "plan/plan.hpp"

#include <string>

namespace vmspawn {

/// A started resource is ready, or never will be.
struct Arrival {
    ResourceId id;
    Result<void> result;
};

class System {
public:
    virtual ~System() = default;

    /// Performs `resource.up`; Late values of its words come from resources performed before. A Spawn returns as soon as the child
    /// runs the program (exec worked). On failure nothing is held.
    virtual Result<void> perform(const Resource& resource) = 0;
    /// Waits for the next of the performed resources whose readiness is not `done`.
    virtual Arrival wait() = 0;
    /// Never fails: what cannot be undone is said on stderr.
    virtual void undo(const Resource& resource) = 0;
    /// The value of a Late for announcements: "2222".
    [[nodiscard]] virtual std::string resolve(const Late& late) const = 0;
};

/// The word with every value that is known by now.
inline std::string resolve_word(const System& system, const Word& word) {
    std::string text;
    for (const auto& part : word.parts) {
        const auto* late = std::get_if<Late>(&part);
        text += late != nullptr ? system.resolve(*late) : std::get<std::string>(part);
    }
    return text;
}

}  // namespace vmspawn
