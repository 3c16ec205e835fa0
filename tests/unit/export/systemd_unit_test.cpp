#include "unit/export/exported.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string kernel_and_initrd = "name = \"dev\"\nboot.linux = \"vmlinuz\"\nboot.initrd = [\"i\"]\n";

Export unit(const std::string& text, const std::vector<std::string>& flags = {}) {
    return exported("systemd-unit", text, flags);
}

TEST(SystemdUnit, RunsTheDefinition) {
    const Export out = unit(kernel_and_initrd);
    EXPECT_THAT(out.text, AllOf(HasSubstr("\nExecStart=/usr/bin/vmspawn run --quiet --console=read-only --keep-unit /srv/vm/dev.vmspawn\n"),
                                HasSubstr("\nDescription=Virtual machine dev\n"), HasSubstr("\nWantedBy=multi-user.target\n")));
    EXPECT_THAT(out.losses, IsEmpty());
}

TEST(SystemdUnit, AFlagIsNoPartOfTheDefinition) {
    EXPECT_THAT(lost_keys(unit(kernel_and_initrd + "cpus = 2\nram = \"1G\"\n", {"--cpus=4"})), ElementsAre("cpus"));
}

TEST(SystemdUnit, AScopeOfItsOwnStays) {
    for (const char* said : {"unit.slice = \"a.slice\"\n", "unit.properties = [\"MemoryMax=1G\"]\n", "unit.keep = false\n"}) {
        const Export out = unit(kernel_and_initrd + said);
        EXPECT_THAT(out.text, Not(HasSubstr("--keep-unit"))) << said;
        EXPECT_THAT(out.losses, IsEmpty()) << said;
    }
}

TEST(SystemdUnit, OfAUserHasTheUsersTargets) {
    EXPECT_THAT(unit(kernel_and_initrd + "unit.scope = \"user\"\n").text,
                AllOf(HasSubstr("WantedBy=default.target"), Not(HasSubstr("Slice=")), Not(HasSubstr("modprobe@"))));
}

TEST(SystemdUnit, WaitsLongerThanVmspawn) {
    EXPECT_THAT(unit(kernel_and_initrd).text, HasSubstr("TimeoutStartSec=2min\n"));
    EXPECT_THAT(unit(kernel_and_initrd + "ready.timeout = \"5min\"\n").text, HasSubstr("TimeoutStartSec=360s\n"));
    EXPECT_THAT(unit(kernel_and_initrd + "ready.timeout = \"infinity\"\n").text, HasSubstr("TimeoutStartSec=infinity\n"));
}

TEST(SystemdUnit, HasNoTerminal) {
    EXPECT_THAT(lost_keys(unit(kernel_and_initrd + "console.mode = \"interactive\"\nconsole.background = \"44\"\n")),
                ElementsAre("console.background", "console.mode"));
    EXPECT_THAT(unit(kernel_and_initrd + "console.mode = \"headless\"\n").text, Not(HasSubstr("--console")));
}

TEST(SystemdUnit, WordsStandForThemselves) {
    Diagnostics found;
    const Machine machine =
        decode(merged(kernel_and_initrd + "description = \"100 %n\\nof it\\\\\"\n[drive.a]\npath = \"/a b/$c/%d\"\n"), test_base, found)
            .machine;
    const Export out = export_systemd_unit(machine, {Arch::x86_64, "/a b/\"$x\"/%h\\e", "p;q", "/opt/50%/vmspawn"});
    EXPECT_THAT(out.text, AllOf(HasSubstr("\nDescription=100 %%n of it\n"), HasSubstr("ExecStart=/opt/50%%/vmspawn run"),
                                HasSubstr(R"( "--profile=p;q" "/a b/\"$$x\"/%%h\\e")"), HasSubstr(R"("/a b/$c" )")));
}

}  // namespace
}  // namespace vmspawn
