#include "planned.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Machine with_mode(ConsoleMode mode, ConsoleTransport transport = ConsoleTransport::virtio) {
    Machine machine = direct_machine();
    machine.console.mode = mode;
    machine.console.transport = transport;
    return machine;
}

Host piped_host() {
    Host host = plain_host();
    host.console = "pipe";
    return host;
}

TEST(Console, InteractiveOverVirtio) {
    const Planned made = planned(with_mode(ConsoleMode::interactive));
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::interactive);
    EXPECT_EQ(made.plan.console.terminal, "console");
    EXPECT_THAT(made.values("-chardev"), Contains("serial,id=console,<console:chardev>"));
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr("virtconsole")));
    EXPECT_THAT(made.values("-serial"), IsEmpty());
    EXPECT_THAT(made.values("-append"), ElementsAre("TERM=xterm systemd.tty.term.hvc0=xterm console=hvc0 no_timer_check"));
}

TEST(Console, WhoSeesNothingIsToldOfTheSerialOne) {
    EXPECT_THAT(planned(with_mode(ConsoleMode::interactive)).plan.console.when_blank, HasSubstr("console.transport = \"serial\""));
    EXPECT_EQ(planned(with_mode(ConsoleMode::interactive, ConsoleTransport::serial)).plan.console.when_blank, "");
    EXPECT_EQ(planned(with_mode(ConsoleMode::read_only)).plan.console.when_blank, "");
}

TEST(Console, ATerminalsSizeIsToldWhereItIsKnown) {
    Host host = plain_host();
    host.rows = 50;
    host.columns = 132;
    const std::string words = "TERM=xterm systemd.tty.term.hvc0=xterm systemd.tty.rows.hvc0=50 systemd.tty.columns.hvc0=132 console=hvc0";
    EXPECT_THAT(planned(with_mode(ConsoleMode::interactive), host).values("-append"), ElementsAre(words + " no_timer_check"));
    host.columns = 0;
    EXPECT_THAT(planned(with_mode(ConsoleMode::interactive), host).values("-append"), ElementsAre(Not(HasSubstr("systemd.tty.rows"))));
}

TEST(Console, OverSerialNamesTheArchitecturesPort) {
    const Machine machine = with_mode(ConsoleMode::interactive, ConsoleTransport::serial);
    EXPECT_THAT(planned(machine).values("-serial"), ElementsAre("chardev:console"));
    EXPECT_THAT(planned(machine).values("-append"), ElementsAre("TERM=xterm systemd.tty.term.ttyS0=xterm console=ttyS0 no_timer_check"));
    EXPECT_THAT(planned(machine, aarch64_host()).values("-append"), ElementsAre(HasSubstr("console=ttyAMA0")));
    EXPECT_THAT(planned(machine).values("-device"), Not(Contains(HasSubstr("virtconsole"))));
}

TEST(Console, HeadlessHasNone) {
    const Planned made = planned(with_mode(ConsoleMode::headless));
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::none);
    EXPECT_EQ(made.plan.find("console"), nullptr);
    EXPECT_THAT(made.values("-append"), ElementsAre("no_timer_check"));
    EXPECT_THAT(made.values("-display"), ElementsAre("none"));
}

TEST(Console, NativeSharesItWithQemusMonitor) {
    const Planned made = planned(with_mode(ConsoleMode::native));
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::transparent);
    EXPECT_THAT(made.values("-chardev"), Contains("serial,id=console,<console:chardev>,mux=on"));
    EXPECT_THAT(made.values("-mon"), Contains("chardev=console,mode=readline"));
}

TEST(Console, DefaultWithoutATerminalIsReadOnlyWithAReason) {
    const Planned made = planned(with_mode(ConsoleMode::interactive), piped_host());
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::read_only);
    EXPECT_THAT(made.reasons(), Contains("console.mode = read-only because standard input and output are not both terminals"));
    EXPECT_THAT(made.plan.notices, Not(Contains(HasSubstr("read-only"))));
    EXPECT_THAT(made.values("-append"), ElementsAre("console=hvc0 no_timer_check"));
}

TEST(Console, InteractiveOnRequestIsSoOnPipesToo) {
    Machine machine = with_mode(ConsoleMode::interactive);
    machine.origins["console.mode"] = said_here();
    const Planned made = planned(machine, piped_host());
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::interactive);
    EXPECT_THAT(made.plan.notices, Not(Contains(HasSubstr("^]")))) << "nobody types there";
}

TEST(Console, ATerminalNameThatIsNoneIsNotPassedOn) {
    Host host = plain_host();
    host.environment["TERM"] = "x init=/bin/sh";
    EXPECT_THAT(planned(with_mode(ConsoleMode::interactive), host).values("-append"), ElementsAre("console=hvc0 no_timer_check"));
}

TEST(Console, FirmwareSpeaksOnlyWhereADiskBootsOnSerial) {
    Machine machine = disk_machine();
    EXPECT_TRUE(planned(machine).has_word("-nographic"));
    machine.console.transport = ConsoleTransport::virtio;
    EXPECT_FALSE(planned(machine).has_word("-nographic"));
}

TEST(Console, WindowInTheCallersSession) {
    Host host = plain_host();
    host.environment["DISPLAY"] = ":7";
    host.qemu["x86_64"].features.insert({"device/virtio-vga", "chardev/qemu-vdagent"});
    const Planned made = planned(with_mode(ConsoleMode::gui), host);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_EQ(made.plan.console.kind, ConsoleKind::none);
    EXPECT_THAT(std::get<Spawn>(made.at("qemu").up).environment, ElementsAre("DISPLAY=:7"));
    EXPECT_THAT(made.values("-display"), IsEmpty());
    EXPECT_THAT(made.values("-device"), Contains(HasSubstr("virtio-vga")));
    EXPECT_THAT(made.values("-chardev"), Contains("qemu-vdagent,id=vdagent,name=vdagent,clipboard=on"));

    const Planned alone = planned(with_mode(ConsoleMode::gui));
    EXPECT_THAT(alone.summaries(), ElementsAre("console.mode = gui needs a graphical session"));
    EXPECT_EQ(alone.found.status(), EOPNOTSUPP);
}

TEST(Console, LooksAreForTerminalsThatCan) {
    const auto look = [](const Host& host) { return planned(with_mode(ConsoleMode::interactive), host).plan.console.look; };
    ASSERT_TRUE(look(plain_host()));
    EXPECT_EQ(to_string(look(plain_host())->machine), "test");
    EXPECT_TRUE(look(plain_host())->title);
    EXPECT_TRUE(look(plain_host())->tint);
    EXPECT_FALSE(look(piped_host()));
    for (const auto& [name, value] : {std::pair("TERM", "dumb"), {"TERM", ""}}) {
        Host host = plain_host();
        host.environment[name] = value;
        EXPECT_FALSE(look(host)) << name;
    }
    Host host = plain_host();
    host.environment["NO_COLOR"] = "";
    host.environment["SYSTEMD_ADJUST_TERMINAL_TITLE"] = "no";
    host.environment["SYSTEMD_TINT_BACKGROUND"] = "0";
    ASSERT_TRUE(look(host));
    EXPECT_FALSE(look(host)->title);
    EXPECT_FALSE(look(host)->tint);
}

TEST(Console, NoColourIsNoReasonToLeaveATerminalAsTheGuestMadeIt) {
    Machine machine = with_mode(ConsoleMode::interactive);
    machine.console.background = "44";
    const auto look = [&](const Host& host) { return planned(machine, host).plan.console.look; };
    for (const auto& [name, value] : {std::pair("NO_COLOR", "1"), {"SYSTEMD_COLORS", "no"}}) {
        Host host = plain_host();
        host.environment[name] = value;
        ASSERT_TRUE(look(host)) << name;
        EXPECT_TRUE(look(host)->title);
        EXPECT_EQ(look(host)->background, "");
        EXPECT_FALSE(look(host)->tint);
        host.environment["SYSTEMD_COLORS"] = "yes";
        EXPECT_EQ(look(host)->background, "44") << "the more special word wins";
    }
}

TEST(Console, BackgroundIsTheUsersOrATintOrNone) {
    Machine machine = with_mode(ConsoleMode::interactive);
    machine.console.background = "44";
    EXPECT_EQ(planned(machine).plan.console.look->background, "44");
    EXPECT_FALSE(planned(machine).plan.console.look->tint);
    EXPECT_THAT(planned(machine, piped_host()).reasons(),
                Contains("no background colour, although console.background = 44, because there is no terminal"));
    machine.console.background = "";
    EXPECT_EQ(planned(machine).plan.console.look->background, "");
    EXPECT_FALSE(planned(machine).plan.console.look->tint);
    EXPECT_TRUE(planned(with_mode(ConsoleMode::read_only)).plan.console.look->tint);
    EXPECT_FALSE(planned(with_mode(ConsoleMode::native)).plan.console.look->tint);
    EXPECT_FALSE(planned(with_mode(ConsoleMode::headless)).plan.console.look);
}

TEST(Console, LogIsWrittenByQemuWithOrWithoutAConsole) {
    for (const ConsoleMode mode : {ConsoleMode::read_only, ConsoleMode::headless}) {
        Machine machine = with_mode(mode);
        machine.console.log = "/logs/console.log";
        const Planned made = planned(machine);
        const auto& file = std::get<OpenFile>(made.at("console-log").up);
        EXPECT_EQ(file.path, "/logs/console.log");
        EXPECT_TRUE(file.append);
        const std::string start = mode == ConsoleMode::headless ? "null,id=console" : "serial,id=console,<console:chardev>";
        EXPECT_THAT(made.values("-chardev"), Contains(start + ",logfile=/dev/fdset/1,logappend=on"));
        EXPECT_THAT(made.values("-append"), ElementsAre(HasSubstr("console=hvc0")));
    }
}

}  // namespace
}  // namespace vmspawn
