#include "run/bring_up.hpp"

#include <algorithm>
#include <utility>

namespace vmspawn {

namespace {

bool asks_systemd(const Action& action) {
    return std::holds_alternative<MakeScope>(action) || std::holds_alternative<RegisterMachine>(action) ||
           std::holds_alternative<AskForTap>(action);
}

}  // namespace

std::string check_plan(const Plan& plan) {
    if (std::string wrong = check_order(plan.resources); !wrong.empty())
        return wrong;
    const Resource* qemu = plan.find(plan.qemu);
    if (qemu == nullptr || !std::holds_alternative<Spawn>(qemu->up))
        return "it does not start QEMU";
    const Resource* qmp = plan.find(plan.qmp);
    if (qmp == nullptr || !std::holds_alternative<MakeQmpSocket>(qmp->up))
        return "it makes no socket for QMP";
    for (const Resource& resource : plan.resources) {
        if (resource.ready == Readiness::greeting && resource.id != plan.qemu)
            return "it waits for '" + resource.id + "'; only QEMU greets";
        if (resource.ready == Readiness::answered ? !asks_systemd(resource.up)
                                                  : resource.ready != Readiness::done && !std::holds_alternative<Spawn>(resource.up))
            return "it waits for '" + resource.id + "', which starts nothing";
    }
    return "";
}

BringUp::BringUp(const Plan& plan, System& system, Onlooker& onlooker)
    : plan_(plan), system_(system), onlooker_(onlooker), schedule_(plan.resources) {}

bool BringUp::run() {
    for (start_ready(); !schedule_.stopped() && !schedule_.all_up(); start_ready())
        settle(system_.wait());
    return !schedule_.stopped() && schedule_.is_up(place_of(plan_.qemu));
}

// To start a child takes the longest. QEMU's start is the one that the user waits for, and what it needs of its helpers it waits for
// itself: it comes first.
void BringUp::start_ready() {
    std::vector<std::size_t> children;
    do {
        children.clear();
        start_quick(children);
        qemu_first(children);
        for (const std::size_t index : children) {
            if (!schedule_.stopped())
                start(index);
        }
    } while (!children.empty());
}

/// All that may start but the children, which it only lists.
void BringUp::start_quick(std::vector<std::size_t>& children) {
    for (auto ready = schedule_.take_ready(); !ready.empty(); ready = schedule_.take_ready()) {
        for (const std::size_t index : ready) {
            if (std::holds_alternative<Spawn>(plan_.resources[index].up))
                children.push_back(index);
            else if (!schedule_.stopped())
                start(index);
        }
    }
}

void BringUp::qemu_first(std::vector<std::size_t>& places) const {
    std::stable_partition(places.begin(), places.end(), [this](std::size_t index) { return plan_.resources[index].id == plan_.qemu; });
}

void BringUp::start(std::size_t index) {
    const Resource& resource = plan_.resources[index];
    onlooker_.begins(resource);
    if (Result<void> done = system_.perform(resource); !done)
        return fail(index, done.failure());
    schedule_.started(index);
    if (resource.ready == Readiness::done)
        come_up(index);
}

void BringUp::settle(const Arrival& arrival) {
    const std::size_t index = place_of(arrival.id);
    if (arrival.result)
        come_up(index);
    else
        fail(index, arrival.result.failure());
}

void BringUp::come_up(std::size_t index) {
    schedule_.came_up(index);
    onlooker_.came_up(plan_.resources[index]);
}

void BringUp::fail(std::size_t index, Failure failure) {
    failures_.push_back({&plan_.resources[index], std::move(failure)});
    schedule_.failed(index);
    onlooker_.failed(plan_.resources[index]);
}

std::size_t BringUp::place_of(const ResourceId& id) const {
    const auto found = std::ranges::find(plan_.resources, id, &Resource::id);
    return static_cast<std::size_t>(found - plan_.resources.begin());
}

void BringUp::tear_down() {
    if (std::exchange(torn_down_, true))
        return;
    std::vector<std::size_t> started = schedule_.teardown();
    qemu_first(started);
    for (const std::size_t index : started)
        system_.undo(plan_.resources[index]);
}

}  // namespace vmspawn
