// Each resource of each plan fails in turn, on a system without an outside: nothing may stay held.
#include "run/bring_up.hpp"
#include "unit/plan/examples.hpp"
#include "unit/run/fake_system.hpp"

#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using namespace test;

std::vector<Plan> every_plan() {
    fs::current_path(examples_folder());
    std::vector<Plan> plans;
    for (const fs::path& example : files_in(examples_folder(), ".vmspawn"))
        for (const fs::path& host : files_in(tests_folder() / "hosts", ".json"))
            if (Outcome outcome = plan_example(example.filename(), host, "/home/golden"); !outcome.found.has_errors())
                plans.push_back(std::move(outcome.plan));
    return plans;
}

TEST(EveryPlan, ComesUpAndGoesInReverse) {
    const std::vector<Plan> plans = every_plan();
    EXPECT_GE(plans.size(), 20U);
    for (const Plan& plan : plans) {
        FakeSystem system;
        Onlooker nobody;
        BringUp machine(plan, system, nobody);
        EXPECT_TRUE(machine.run()) << plan.machine;
        EXPECT_EQ(system.held.size(), plan.resources.size());
        machine.tear_down();
        EXPECT_TRUE(undone_in_reverse(system)) << plan.machine;
    }
}

TEST(EveryPlan, HoldsNothingWhicheverResourceFails) {
    for (const Plan& plan : every_plan())
        for (const Resource& resource : plan.resources) {
            FakeSystem system;
            system.fail(resource.id);
            Onlooker nobody;
            BringUp machine(plan, system, nobody);
            const bool dispensable = resource.on_failure == OnFailure::go_on || resource.on_failure == OnFailure::warn;
            EXPECT_EQ(machine.run(), dispensable) << plan.machine << ' ' << resource.id;
            machine.tear_down();
            EXPECT_TRUE(undone_in_reverse(system)) << plan.machine << ' ' << resource.id;
            ASSERT_EQ(machine.failures().size(), 1U);
            EXPECT_EQ(machine.failures().front().resource->id, resource.id);
        }
}

TEST(EveryPlan, HoldsNothingWhenQemuDiesBeforeItsGreeting) {
    for (const Plan& plan : every_plan()) {
        FakeSystem system;
        system.never_ready(plan.qemu);
        Onlooker nobody;
        BringUp machine(plan, system, nobody);
        EXPECT_FALSE(machine.run()) << plan.machine;
        machine.tear_down();
        EXPECT_TRUE(undone_in_reverse(system)) << plan.machine;
    }
}

}  // namespace
}  // namespace vmspawn
