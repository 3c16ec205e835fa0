// What is recorded of a bring-up and of what follows, by a clock that goes on with every look.
#include "run/recorder.hpp"

#include "fake_system.hpp"
#include "run/bring_up.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Outcome = TimelineSpan::Outcome;

Plan plan_with_tpm() {
    Plan plan;
    plan.machine = "it";
    const auto add = [&plan](ResourceId id, Action up, std::vector<ResourceId> needs = {}) -> Resource& {
        return plan.resources.emplace_back(Resource{.id = std::move(id), .needs = std::move(needs), .up = std::move(up)});
    };
    add("image", OpenFile{.path = "/srv/a.raw"}).because_key = "image.path";
    plan.resources.back().reasons = {"because"};
    add("qmp", MakeQmpSocket{});
    add("tpm-socket", MakePair{});
    add("tpm-setup", Spawn{.program = "/usr/bin/swtpm_setup", .arguments = {}, .inherits = {}}).ready = Readiness::ended;
    add("tpm", Spawn{.program = "/usr/bin/swtpm", .arguments = {}, .inherits = {}}, {"tpm-setup", "tpm-socket"}).on_failure =
        OnFailure::drop_words;
    Resource& qemu = add("qemu", Spawn{.program = "/usr/bin/qemu", .arguments = {}, .inherits = {}}, {"image", "qmp", "tpm-socket"});
    qemu.ready = Readiness::greeting;
    qemu.reasons = {"of the whole machine"};
    return plan;
}

class Recorded : public testing::Test {
protected:
    [[nodiscard]] Timeline finish(int status = 0) { return recorder_.finish(status); }

    static std::vector<std::string> names(const Timeline& timeline) {
        std::vector<std::string> all;
        for (const TimelineSpan& span : timeline.spans)
            all.push_back(span.name);
        return all;
    }
    static std::vector<std::string> marks(const Timeline& timeline) {
        std::vector<std::string> all;
        for (const TimelineMark& mark : timeline.marks)
            all.push_back(mark.name + " by " + mark.seen_by);
        return all;
    }

    Plan plan_ = plan_with_tpm();
    FakeSystem system_;
    RunClock clock_;
    int time_ = 0;
    TimelineRecorder recorder_{plan_, clock_, [this] { return Moment(time_ += 10); }};
};

TEST_F(Recorded, EachResourceFromItsActionUntilItIsUp) {
    BringUp machine(plan_, system_, recorder_);
    ASSERT_TRUE(machine.run());
    const Timeline timeline = finish(3);
    EXPECT_EQ(timeline.machine, "it");
    EXPECT_EQ(timeline.status, 3);
    EXPECT_THAT(names(timeline), ElementsAre("plan", "image", "qmp", "tpm-socket", "qemu", "tpm-setup", "tpm"));
    const TimelineSpan& setup = *timeline.find_span("tpm-setup");
    EXPECT_EQ(setup.what, "swtpm_setup");
    EXPECT_EQ(setup.outcome, Outcome::up);
    EXPECT_LT(setup.began, setup.ended);
    EXPECT_LE(setup.ended, timeline.find_span("tpm")->began);
    const TimelineSpan& image = *timeline.find_span("image");
    EXPECT_EQ(image.key, "image.path");
    EXPECT_THAT(image.reasons, ElementsAre("because"));
    const TimelineSpan& qemu = *timeline.find_span("qemu");
    EXPECT_THAT(qemu.needs, ElementsAre("image", "qmp", "tpm-socket"));
    EXPECT_THAT(qemu.waits_for, ElementsAre("tpm")) << "they meet on a pair of sockets";
    EXPECT_THAT(qemu.reasons, IsEmpty());
    EXPECT_GE(timeline.ended, qemu.ended);
}

TEST_F(Recorded, WhatFailedAndWhatWasNotUpBeforeTheEnd) {
    system_.never_ready("tpm-setup");
    BringUp machine(plan_, system_, recorder_);
    ASSERT_FALSE(machine.run());
    const Timeline timeline = finish(5);
    EXPECT_EQ(timeline.find_span("tpm-setup")->outcome, Outcome::failed);
    EXPECT_EQ(timeline.find_span("tpm"), nullptr);
    EXPECT_EQ(timeline.find_span("image")->outcome, Outcome::up);
    for (const TimelineSpan& span : timeline.spans)
        EXPECT_LE(span.ended, timeline.ended) << span.name;
}

TEST_F(Recorded, FailureBeforeQemuIsWhatThePathLeadsTo) {
    system_.fail("image");
    BringUp machine(plan_, system_, recorder_);
    ASSERT_FALSE(machine.run());
    const Timeline timeline = finish(2);
    EXPECT_EQ(timeline.find_span("qemu"), nullptr);
    EXPECT_TRUE(timeline.find_span("image")->critical);
}

TEST_F(Recorded, SecondStartDoesNotHideTheFirst) {
    system_.fail("tpm");
    BringUp machine(plan_, system_, recorder_);
    ASSERT_FALSE(machine.run());
    recorder_.saw(QemuStarted{});
    recorder_.starts_again();
    const Plan rest = without(plan_, "tpm");
    FakeSystem again;
    BringUp second(rest, again, recorder_);
    ASSERT_TRUE(second.run());
    recorder_.saw(QemuStarted{});
    const Timeline timeline = finish();
    EXPECT_THAT(names(timeline), AllOf(Contains("tpm (1)"), Contains("qemu (1)"), Contains("qemu"), testing::Not(Contains("tpm"))));
    EXPECT_THAT(timeline.find_span("tpm (1)")->needs, ElementsAre("tpm-setup (1)", "tpm-socket (1)"));
    EXPECT_EQ(timeline.find_span("tpm (1)")->outcome, Outcome::failed);
    EXPECT_THAT(timeline.find_span("qemu (1)")->waits_for, ElementsAre("tpm (1)"));
    EXPECT_THAT(timeline.find_span("qemu")->waits_for, IsEmpty());
    EXPECT_TRUE(timeline.find_span("qemu")->critical);
    EXPECT_THAT(marks(timeline), ElementsAre("exec (1) by vmspawn", "exec by vmspawn"));
}

TEST_F(Recorded, MarksOfTheWholeRunByTime) {
    recorder_.saw(QemuStarted{});
    recorder_.saw(QemuGreeted{});
    recorder_.saw(MachineUp{});
    recorder_.guest_printed("Linux version 6\nRun /sbin/init as init process\n");
    recorder_.saw(CommandStarted{});
    recorder_.saw(GuestSaid{"READY", "1"});
    recorder_.saw(CommandEnded{0});
    recorder_.guest_printed("Welcome to the guest once more (initrd)\n");  // not of its start
    recorder_.saw(QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true});
    recorder_.saw(QmpEvent{.name = "SHUTDOWN", .reason = "guest-shutdown", .guest = true});
    recorder_.saw(QemuEnded{});
    const Timeline timeline = finish();
    EXPECT_THAT(marks(timeline), ElementsAre("exec by vmspawn", "greeting by qmp", "up by vmspawn", "console by console",
                                             "kernel by console", "userspace by console", "command by command", "ready by notify",
                                             "command-end by command", "shutdown by qmp", "end by vmspawn"));
    EXPECT_THAT(names(timeline), ElementsAre("plan", "guest.firmware", "guest.kernel", "guest.userspace"));
    EXPECT_TRUE(timeline.find_span("guest.kernel")->critical);
}

TEST_F(Recorded, OnlyTheFirstStartOfAGuestThatRestarts) {
    recorder_.saw(QemuGreeted{});
    recorder_.guest_printed("Linux version 6\n");
    recorder_.saw(QmpEvent{.name = "RESET", .reason = "guest-reset", .guest = true});
    recorder_.guest_printed("Run /init as init process\n");
    recorder_.saw(GuestSaid{"READY", "1"});
    EXPECT_THAT(marks(finish()), ElementsAre("greeting by qmp", "console by console", "kernel by console"));
}

TEST_F(Recorded, GuestDoesNotBeginBeforeItsQemuGreets) {
    recorder_.saw(QemuGreeted{});
    recorder_.guest_printed("[    9.000000] the clock of this guest goes too fast\n");
    const Timeline timeline = finish();
    EXPECT_EQ(timeline.find_mark("kernel")->at, timeline.find_mark("greeting")->at);
}

TEST_F(Recorded, IsWrittenAsItsNameSays) {
    const TemporaryDirectory directory;
    const Timeline timeline = finish();
    const std::string json = directory.path() / "x.json", svg = directory.path() / "x.svg";
    EXPECT_TRUE(write_timeline(timeline, json));
    EXPECT_TRUE(write_timeline(timeline, svg));
    EXPECT_EQ(read_text(json), timeline_json(timeline));
    EXPECT_THAT(read_text(svg), AllOf(HasSubstr("<svg"), HasSubstr("Where the time went: it")));
    const Result<void> lost = write_timeline(timeline, directory.path() / "gone" / "x.json");
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.failure().error, ENOENT);
}

TEST(RunClock, LapsFollowOneAnother) {
    RunClock clock;
    clock.lap("definition");
    clock.lap("probe");
    ASSERT_EQ(clock.laps().size(), 2U);
    EXPECT_LE(clock.laps()[0].ended, clock.laps()[1].ended);
    EXPECT_LE(clock.laps()[1].ended, clock.now());
    const Timeline timeline = TimelineRecorder(plan_with_tpm(), clock, [&clock] { return clock.now(); }).finish(0);
    ASSERT_EQ(timeline.spans.size(), 3U);
    EXPECT_EQ(timeline.spans[0].began, Moment{});
    EXPECT_EQ(timeline.spans[1].began, timeline.spans[0].ended);
    EXPECT_EQ(timeline.spans[2].name, "plan");
    EXPECT_EQ(timeline.started, clock.started());
}

}  // namespace
}  // namespace vmspawn::test
