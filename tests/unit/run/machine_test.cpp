// The executor with a real QEMU and guests of one sector: what happened, and the status that follows.
#include "machine_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace vmspawn::test {
namespace {

using testing::HasSubstr;

TEST_F(Machine, GuestThatPowersOffGivesZeroAndLeavesNothing) {
    const Ended ended = run(tiny_machine(directory_.path(), Guest::greet));
    EXPECT_EQ(ended.status, 0);
    EXPECT_EQ(ended.output, "HELLO\r\n");
    EXPECT_EQ(ended.messages, "");
    expect_nothing_left();
}

TEST_F(Machine, PanickedGuestGives255) {
    const Ended ended = run(tiny_machine(directory_.path(), Guest::panic));
    EXPECT_EQ(ended.status, 255);
    EXPECT_EQ(ended.messages, "vmspawn: the guest panicked\n");
}

TEST_F(Machine, PanicThatMakesQemuFailGives255) {
    Plan plan = tiny_machine(directory_.path(), Guest::panic);
    qemu_of(plan).arguments.insert(qemu_of(plan).arguments.end(), {"-action", "panic=exit-failure"});
    EXPECT_EQ(run(plan).status, 255);
}

TEST_F(Machine, ResetWithNoRebootIsAnOrderlyEnd) {
    Plan plan = tiny_machine(directory_.path(), Guest::reset_once);
    qemu_of(plan).arguments.emplace_back("-no-reboot");
    EXPECT_EQ(run(plan).status, 0);
    expect_nothing_left();
}

TEST_F(Machine, MissingQemuGivesItsErrno) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    qemu_of(plan).program = "/no/such/qemu";
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, ENOENT);
    EXPECT_EQ(ended.messages, "vmspawn: could not start '/no/such/qemu': No such file or directory\n  run /no/such/qemu\n");
    expect_nothing_left();
}

TEST_F(Machine, BadArgumentShowsQemusWords) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    qemu_of(plan).arguments.emplace_back("-no-such-option");
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, EIO);
    EXPECT_THAT(ended.messages, HasSubstr("it ended with status 1 before the machine was up\n"));
    EXPECT_THAT(ended.messages, HasSubstr("\n  qemu-system-x86_64: -no-such-option: invalid option\n"));
    expect_nothing_left();
}

TEST_F(Machine, QemuThatOnlyPrintsAndEndsIsAFailure) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    qemu_of(plan).program = "/bin/echo";
    qemu_of(plan).arguments = {Word("not today")};
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, EIO);
    EXPECT_EQ(ended.messages, "vmspawn: could not start '/bin/echo': it ended with status 0 before the machine was up\n  not today\n");
}

TEST_F(Machine, ProgramThatSpeaksNoQmpIsAFailure) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    Word script("echo nonsense >&");
    script += Late{"qmp", Late::What::fd};
    script += std::string("; sleep 60");
    qemu_of(plan).program = "/bin/sh";
    qemu_of(plan).arguments = {Word("-c"), script};
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, EIO);
    EXPECT_THAT(ended.messages, HasSubstr("vmspawn: QEMU does not speak QMP any more\n  this is not QMP: nonsense\n"));
    expect_nothing_left();
}

TEST_F(Machine, GuestThatIsOverAtOnceLosesNothing) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    Word script("echo bye >");
    script += Late{"terminal", Late::What::path};
    script += std::string("; exec >&");
    script += Late{"qmp", Late::What::fd};
    script += std::string(R"(; echo '{"QMP":{}}
{"event":"SHUTDOWN","data":{"guest":true,"reason":"guest-shutdown"}}')");
    qemu_of(plan).program = "/bin/sh";
    qemu_of(plan).arguments = {Word("-c"), script};
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, 0) << ended.messages;
    EXPECT_EQ(ended.output, "bye\n");
}

TEST_F(Machine, MissingImageIsNamedWithItsKey) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    std::filesystem::remove(image());
    const Ended ended = run(plan);
    EXPECT_EQ(ended.status, ENOENT);
    EXPECT_EQ(ended.messages, "vmspawn: could not open image 'disk.raw' (image.path): No such file or directory\n");
    expect_nothing_left();
}

TEST_F(Machine, NoticesAndAnnouncementsAreStatusLines) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    plan.notices = {"KVM is not used: no hardware"};
    plan.resources.insert(plan.resources.begin(), {.id = "port", .needs = {}, .up = PickPort{"127.0.0.1"}});
    Word word("forwards ");
    word += Late{"port", Late::What::port};
    plan.resources.front().announce = word;
    EXPECT_THAT(run(plan).messages, testing::MatchesRegex("vmspawn: KVM is not used: no hardware\nvmspawn: forwards [0-9]+\n"));
}

TEST_F(Machine, QuietSaysNothingWhenAllIsWell) {
    Plan plan = tiny_machine(directory_.path(), Guest::power_off);
    plan.notices = {"KVM is not used: no hardware"};
    EXPECT_EQ(run(plan, {.quiet = true}).messages, "");
}

}  // namespace
}  // namespace vmspawn::test
