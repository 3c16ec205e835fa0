#include "planned.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Host with_format(std::string format) {
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = regular_file("1:1");
    host.files["/defs/vmlinuz"].format = std::move(format);
    return host;
}

TEST(Boot, APlainKernelNeedsNoFirmware) {
    const Planned made = planned(direct_machine(), with_format("pe"));
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-kernel"), ElementsAre("<kernel:path>"));
    EXPECT_FALSE(std::get<OpenFile>(made.at("kernel").up).writable);
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("firmware = none because a plain kernel is booted directly")));
}

TEST(Boot, OneInitrdIsHandedOverAsItIs) {
    Machine machine = direct_machine();
    machine.boot.initrds = {"/defs/a.img"};
    const Planned made = planned(machine);
    EXPECT_EQ(std::get<OpenFile>(made.at("initrd").up).path, "/defs/a.img");
    EXPECT_THAT(made.values("-initrd"), ElementsAre("<initrd:path>"));
}

TEST(Boot, SeveralInitrdsAreJoinedOnBoundaries) {
    Machine machine = direct_machine();
    machine.boot.initrds = {"/defs/a.img", "/defs/b.img", "/defs/c.img"};
    const Planned made = planned(machine);
    const auto& pieces = std::get<MakeMemory>(made.at("initrd").up).pieces;
    ASSERT_EQ(pieces.size(), 5U);
    EXPECT_EQ(std::get<FileContent>(pieces[0]).path, "/defs/a.img");
    EXPECT_EQ(std::get<Align>(pieces[1]).boundary, 4U);
    EXPECT_EQ(std::get<FileContent>(pieces[4]).path, "/defs/c.img");
}

TEST(Boot, TheWordsOfTheUserComeLastAsTheyAre) {
    Machine machine = direct_machine();
    machine.boot.cmdline = {"quiet", "root=/dev/vda rw", "dyndbg=\"file a.c +p\""};
    EXPECT_THAT(
        planned(machine).values("-append"),
        ElementsAre("TERM=xterm systemd.tty.term.ttyS0=xterm console=ttyS0 no_timer_check quiet root=/dev/vda rw dyndbg=\"file a.c +p\""));
}

TEST(Boot, TheKernelsLimitIsKept) {
    Machine machine = direct_machine();
    machine.console.mode = ConsoleMode::headless;
    const std::size_t ours = std::string_view("no_timer_check ").size();
    machine.boot.cmdline = {std::string(2047 - ours, 'x')};
    EXPECT_THAT(planned(machine).summaries(), IsEmpty());
    machine.boot.cmdline = {std::string(2048 - ours, 'x')};
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("the kernel's words are 2048 bytes long"));
    machine.arch = Arch::riscv64;
    machine.boot.cmdline = {std::string(1024, 'x')};
    EXPECT_EQ(planned(machine).found.begin()->hint, "a kernel of riscv64 takes 1023");
}

TEST(Boot, ACredentialAmongTheWordsIsWarnedOf) {
    Machine machine = direct_machine();
    machine.boot.cmdline = {"systemd.set_credential=a:b"};
    const Planned made = planned(machine);
    EXPECT_THAT(made.summaries(), ElementsAre(HasSubstr("can be read by every user")));
    EXPECT_FALSE(made.found.has_errors());
}

TEST(Boot, MissingPartsNameTheirKey) {
    Machine machine = direct_machine();
    machine.boot.initrds = {"/defs/a.img", "/defs/b.img"};
    Host host = plain_host();
    host.files["/defs/vmlinuz"] = host.files["/defs/b.img"] = FileAnswer{};
    host.files["/defs/vmlinuz"].near = "vmlinux";
    const Planned made = planned(machine, host);
    EXPECT_THAT(made.summaries(), ElementsAre("boot.linux: ./vmlinuz does not exist", "boot.initrd[1]: ./b.img does not exist"));
    EXPECT_EQ(made.found.begin()->hint, "did you mean 'vmlinux'?");
    EXPECT_EQ(std::next(made.found.begin())->hint, "there is no such file");
}

TEST(Boot, ADiskNeedsSomethingThatBootsIt) {
    Machine machine = disk_machine();
    machine.boot.firmware = FirmwareKind::none;
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("boot.firmware = \"none\" leaves nothing that could boot the disk"));
    machine.boot.firmware = FirmwareKind::bios;
    EXPECT_EQ(planned(machine, aarch64_host()).found.status(), EOPNOTSUPP);
}

TEST(Boot, ABiosDiskTakesNoWords) {
    Machine machine = disk_machine();
    const Planned made = planned(machine);
    EXPECT_THAT(made.summaries(), IsEmpty());
    EXPECT_THAT(made.values("-append"), IsEmpty());
    EXPECT_THAT(made.reasons(), Contains(HasSubstr("the guest is not told")));
    machine.boot.cmdline = {"quiet"};
    EXPECT_THAT(planned(machine).summaries(), ElementsAre("boot.cmdline does not reach a disk's own boot loader"));
}

}  // namespace
}  // namespace vmspawn
