#include "run/bring_up.hpp"

#include "fake_system.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Plan plan_of_all_kinds() {
    Plan plan;
    const auto add = [&plan](ResourceId id, Action up, std::vector<ResourceId> needs = {}) {
        plan.resources.push_back({.id = std::move(id), .needs = std::move(needs), .up = std::move(up)});
    };
    add("name", ClaimName{"/run", "dev"});
    add("image", OpenFile{.path = "/srv/a.raw", .writable = true, .lock = OpenFile::Lock::qemu});
    add("credentials", MakeMemory{});
    add("port", PickPort{});
    add("terminal", MakeTerminal{});
    add("qmp", MakeQmpSocket{});
    add("socket", Listen{}, {"name"});
    add("helper", Spawn{}, {"socket"});
    add("qemu", Spawn{}, {"name", "image", "credentials", "port", "terminal", "qmp", "socket"});
    plan.resources.back().ready = Readiness::greeting;
    return plan;
}

TEST(BringUp, StartsQemuBeforeOtherChildrenAndAllElseInOrder) {
    const Plan plan = plan_of_all_kinds();
    FakeSystem system;
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    EXPECT_TRUE(machine.run());
    EXPECT_THAT(system.logged("start"), ElementsAre("name", "image", "credentials", "port", "terminal", "qmp", "socket", "qemu", "helper"));
    EXPECT_THAT(system.logged("ready"), ElementsAre("qemu"));
    machine.tear_down();
    EXPECT_TRUE(undone_in_reverse(system));
}

TEST(BringUp, AnyFailureLeavesNothingHeld) {
    const Plan plan = plan_of_all_kinds();
    for (const Resource& resource : plan.resources) {
        FakeSystem system;
        system.fail(resource.id, ENOENT);
        Onlooker nobody;
        BringUp machine(plan, system, nobody);
        EXPECT_FALSE(machine.run()) << resource.id;
        ASSERT_THAT(machine.failures(), SizeIs(1)) << resource.id;
        EXPECT_EQ(machine.failures().front().resource->id, resource.id);
        EXPECT_EQ(machine.failures().front().failure.error, ENOENT);
        EXPECT_EQ(system.log.back(), "fail " + resource.id) << "nothing starts after the failure";
        machine.tear_down();
        EXPECT_TRUE(undone_in_reverse(system)) << resource.id;
    }
}

TEST(BringUp, QemuThatDiesBeforeItsGreetingIsUndoneFirst) {
    const Plan plan = plan_of_all_kinds();
    FakeSystem system;
    system.never_ready("qemu");
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    EXPECT_FALSE(machine.run());
    machine.tear_down();
    EXPECT_EQ(system.logged("undo").front(), "qemu");
    EXPECT_TRUE(undone_in_reverse(system));
}

TEST(BringUp, SecondTearDownDoesNothing) {
    const Plan plan = plan_of_all_kinds();
    FakeSystem system;
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    machine.run();
    machine.tear_down();
    const auto log = system.log;
    machine.tear_down();
    EXPECT_EQ(system.log, log);
}

TEST(BringUp, FailureThatOnlyWarnsLetsTheMachineStart) {
    Plan plan = plan_of_all_kinds();
    plan.resources.insert(plan.resources.begin(), Resource{.id = "extra", .needs = {}, .up = MakeMemory{}, .on_failure = OnFailure::warn});
    FakeSystem system;
    system.fail("extra");
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    EXPECT_TRUE(machine.run());
    EXPECT_THAT(machine.failures(), SizeIs(1));
}

TEST(BringUp, FailureThatIsGoneOnFromLetsDependantsStart) {
    for (const bool at_once : {true, false}) {
        Plan plan = plan_of_all_kinds();
        plan.resources.front() =
            Resource{.id = "name", .needs = {}, .up = Spawn{}, .ready = Readiness::ended, .on_failure = OnFailure::go_on};
        FakeSystem system;
        at_once ? system.fail("name") : system.never_ready("name");
        Onlooker nobody;
        BringUp machine(plan, system, nobody);
        EXPECT_TRUE(machine.run());
        EXPECT_THAT(machine.failures(), SizeIs(1));
        EXPECT_THAT(system.logged("start"), testing::Contains("helper"));
    }
}

TEST(BringUp, FailureThatCanBeDroppedStopsThisStartAndTheNextGoesWithoutIt) {
    Plan plan = plan_of_all_kinds();
    plan.resources.end()[-2].on_failure = OnFailure::drop_words;
    Word word;
    word += Late{"socket", Late::What::chardev};
    word.optional = "helper";
    std::get<Spawn>(plan.resources.back().up).arguments = {"-stays", word};
    FakeSystem system;
    system.fail("helper");
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    EXPECT_FALSE(machine.run());
    EXPECT_EQ(machine.failures().back().resource->id, "helper");
    machine.tear_down();
    EXPECT_TRUE(undone_in_reverse(system));
    const Plan rest = without(plan, "helper");
    EXPECT_EQ(check_plan(rest), "");
    EXPECT_EQ(rest.find("socket"), nullptr);
    FakeSystem again;
    BringUp second(rest, again, nobody);
    EXPECT_TRUE(second.run());
    EXPECT_THAT(std::get<Spawn>(rest.resources.back().up).arguments, SizeIs(1));
}

TEST(BringUp, MachineIsNotUpWhenItsQemuWasDropped) {
    Plan plan = plan_of_all_kinds();
    plan.resources[1].on_failure = OnFailure::warn;
    FakeSystem system;
    system.fail("image");
    Onlooker nobody;
    BringUp machine(plan, system, nobody);
    EXPECT_FALSE(machine.run());
    EXPECT_THAT(machine.failures(), SizeIs(1));
    machine.tear_down();
    EXPECT_TRUE(undone_in_reverse(system));
}

TEST(CheckPlan, AsksForQemuItsSocketAndOrder) {
    EXPECT_EQ(check_plan(plan_of_all_kinds()), "");
    Plan without_qemu = plan_of_all_kinds();
    without_qemu.resources.pop_back();
    EXPECT_EQ(check_plan(without_qemu), "it does not start QEMU");
    Plan without_socket = plan_of_all_kinds();
    without_socket.qmp = "name";
    EXPECT_EQ(check_plan(without_socket), "it makes no socket for QMP");
    Plan with_helper = plan_of_all_kinds();
    with_helper.resources.insert(with_helper.resources.begin(), Resource{.id = "another", .needs = {}, .up = Spawn{}});
    EXPECT_EQ(check_plan(with_helper), "");
    with_helper.resources.front().ready = Readiness::greeting;
    EXPECT_EQ(check_plan(with_helper), "it waits for 'another'; only QEMU greets");
    Plan disordered = plan_of_all_kinds();
    std::swap(disordered.resources.front(), disordered.resources.back());
    EXPECT_NE(check_plan(disordered), "");
}

}  // namespace
}  // namespace vmspawn::test
