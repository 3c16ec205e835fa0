// Starts what a plan lists, as soon as it may start, and undoes it in reverse. Knows only the seam, so a fake can fail any step.
#pragma once

#include "run/onlooker.hpp"
#include "run/schedule.hpp"
#include "run/system.hpp"

#include <vector>

namespace vmspawn {

struct FailedResource {
    const Resource* resource = nullptr;
    Failure failure;
};

class BringUp {
public:
    /// All must outlive this.
    BringUp(const Plan& plan, System& system, Onlooker& onlooker);

    /// True when the machine is up. False: see failures(); what did start waits for tear_down().
    bool run();
    /// Undoes everything that was started: QEMU, whose guest is not to lose its helpers, then the rest in the exact reverse of their
    /// start. A second call does nothing.
    void tear_down();

    /// Those that failed, in order. The one that stopped the bring-up is the last.
    [[nodiscard]] const std::vector<FailedResource>& failures() const { return failures_; }

private:
    const Plan& plan_;
    System& system_;
    Onlooker& onlooker_;
    Schedule schedule_;
    std::vector<FailedResource> failures_;
    bool torn_down_ = false;

    void start_ready();
    void start_quick(std::vector<std::size_t>& children);
    void qemu_first(std::vector<std::size_t>& places) const;
    void start(std::size_t index);
    void come_up(std::size_t index);
    void fail(std::size_t index, Failure failure);
    void settle(const Arrival& arrival);
    [[nodiscard]] std::size_t place_of(const ResourceId& id) const;
};

/// What must hold before BringUp is made: needs stand before those who need them, QEMU and its QMP socket are among the
/// resources, QEMU alone greets, and only what runs has to be waited for. Empty when all is well.
std::string check_plan(const Plan& plan);

}  // namespace vmspawn
