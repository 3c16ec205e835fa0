// A command in the guest: what its systemd is told, and the ports of its streams.
#include "plan/print.hpp"
#include "planned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

Errand errand(const std::string& command) {
    return {.command = command, .command_at = FromArgument{2, "--exec=" + command, 7, 7 + command.size()}, .time_limit_us = {}};
}

Planned with_command(const std::string& command) {
    return planned(direct_machine(), plain_host(), errand(command));
}

/// What stands in the unit of a plan.
std::string unit_of(const Planned& made) {
    const auto& memory = std::get<MakeMemory>(made.at("credential.systemd.extra-unit.vmspawn-exec.service").up);
    return std::get<Text>(memory.pieces.at(1)).bytes;
}

TEST(CommandPlans, HaveAPortForEachStream) {
    const Planned made = with_command("make test");
    EXPECT_TRUE(made.found.empty());
    ASSERT_TRUE(made.plan.command);
    EXPECT_EQ(made.plan.command->text, "make test");
    for (const char* stream : {"input", "output", "errors", "control"}) {
        const std::string id = std::string("exec-") + stream;
        EXPECT_TRUE(std::holds_alternative<MakeChannel>(made.at(id).up));
        EXPECT_THAT(made.values("-chardev"), Contains("socket,id=" + id + ",<" + id + ":chardev>"));
        EXPECT_THAT(made.values("-device"), Contains(HasSubstr("\"name\":\"vmspawn." + std::string(stream) + "\"")));
        EXPECT_THAT(made.at("qemu").needs, Contains(id));
    }
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr("\"id\":\"exec-serial\",\"max_ports\":5,\"vectors\":13")));
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("of version 256 or newer")));
}

TEST(CommandPlans, TellTheGuestByAUnitThatItsStartWants) {
    const Planned made = with_command("make test");
    EXPECT_THAT(unit_of(made), EndsWith(" vmspawn-exec \"make test\" terminal\n"));
    EXPECT_THAT(unit_of(made), HasSubstr("\nSuccessAction=poweroff\nFailureAction=poweroff\n"));
    EXPECT_THAT(plan_text(made.plan), HasSubstr("unit-dropin.default.target~vmspawn-exec"));
}

TEST(CommandPlans, PassTheCommandThroughOneShellOnly) {
    EXPECT_THAT(unit_of(with_command("echo \"$HOME\" '%i' \\n\n\tü")),
                EndsWith(R"( vmspawn-exec "echo \"$HOME\" '%%i' \\n\n\x09\xc3\xbc" terminal)"
                         "\n"));
    EXPECT_THAT(unit_of(with_command("true")), HasSubstr("\nExecStart=:/bin/sh -c \"")) << "systemd replaces no variables";
}

TEST(CommandPlans, GiveItATerminalWhenThereIsOne) {
    EXPECT_TRUE(with_command("true").plan.command->terminal);
    EXPECT_THAT(unit_of(with_command("true")), HasSubstr("\nEnvironment=TERM=xterm\n"));
    Host host = plain_host();
    host.console = "pipe";
    const Planned made = planned(direct_machine(), host, errand("true"));
    EXPECT_FALSE(made.plan.command->terminal);
    EXPECT_THAT(unit_of(made), EndsWith(" vmspawn-exec \"true\"\n"));
    EXPECT_THAT(unit_of(made), HasSubstr("\nUnsetEnvironment=TERM\n"));
}

TEST(CommandPlans, KeepTheConsoleForMessages) {
    EXPECT_EQ(with_command("true").plan.console.kind, ConsoleKind::kept);
    EXPECT_FALSE(with_command("true").plan.console.look);
    EXPECT_THAT(with_command("true").plan.notices, Not(Contains(HasSubstr("^]"))));
    Machine machine = direct_machine();
    machine.console.mode = ConsoleMode::native;
    EXPECT_THAT(planned(machine, plain_host(), errand("true")).values("-mon"), ElementsAre("chardev=qmp,mode=control"));
    machine.console.mode = ConsoleMode::headless;
    EXPECT_EQ(planned(machine, plain_host(), errand("true")).plan.console.kind, ConsoleKind::none);
}

TEST(CommandPlans, NeedAWayToTellTheGuest) {
    Machine machine = direct_machine();
    machine.boot.firmware = FirmwareKind::none;
    const Planned made = planned(machine, aarch64_host(), errand("true"));
    EXPECT_THAT(made.summaries(), ElementsAre("--exec: the guest cannot be told a command"));
    EXPECT_EQ(made.found.status(), EOPNOTSUPP);
}

TEST(CommandPlans, SayWhatTheyAreFor) {
    Errand limited = errand("make\ttest");
    limited.time_limit_us = 90'500'000;
    const Plan plan = planned(direct_machine(), plain_host(), limited).plan;
    EXPECT_THAT(plan_text(plan), HasSubstr("console: kept\ncommand: make\\x09test, on a terminal\ntime limit: 90.5 s\n"));
    EXPECT_THAT(plan_json(plan), HasSubstr("\"time-limit-us\": 90500000"));
    EXPECT_THAT(plan_json(plan), HasSubstr("\"text\": \"make\\ttest\""));
    const auto script = plan_script(plan);
    ASSERT_FALSE(script);
    EXPECT_EQ(to_string(script.failure()),
              "write a script: Operation not supported\n'exec-input' (a channel of vmspawn's own) has no shell form");
}

}  // namespace
}  // namespace vmspawn
