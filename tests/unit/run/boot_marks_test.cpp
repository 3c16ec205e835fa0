// Marks of a guest's start: from the lines of its kernel, from systemd's lines and from what systemd tells.
#include "run/boot_marks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Boot : public testing::Test {
protected:
    void prints(std::string_view bytes, int at) { marks_.printed(bytes, Moment(at)); }
    void says(std::string_view name, std::string_view value, int at) { marks_.said(name, value, Moment(at)); }

    /// "kernel 12 console", by time; the first bytes of all apart.
    [[nodiscard]] std::vector<std::string> seen() const {
        std::vector<TimelineMark> sorted = marks_.found();
        std::ranges::stable_sort(sorted, {}, &TimelineMark::at);
        std::vector<std::string> all;
        for (const TimelineMark& mark : sorted)
            if (mark.name != "console")
                all.push_back(mark.name + " " + std::to_string(mark.at.count()) + " " + mark.seen_by);
        return all;
    }

    BootMarks marks_;
};

TEST_F(Boot, FirstBytesOfTheConsole) {
    prints("\033[2J", 7);
    prints("more\n", 9);
    EXPECT_THAT(marks_.found(), ElementsAre(TimelineMark{"console", Moment(7), "console"}));
}

TEST_F(Boot, KernelBeganWhenItsLinesSay) {
    prints("[    0.000000] Linux version 6.1.0\r\n[    1.0000", 2'500'000);
    EXPECT_THAT(seen(), ElementsAre("kernel 2500000 console"));
    prints("00] late\r\n", 2'600'000);  // began at 1.6 s by this line, which was less held back
    EXPECT_THAT(seen(), ElementsAre("kernel 1600000 console"));
    prints("[    2.000000][    T1] with the caller\n", 3'700'000);
    EXPECT_THAT(seen(), ElementsAre("kernel 1600000 console"));
    prints("[    5.000000][    T1] with the caller\n", 6'500'000);
    EXPECT_THAT(seen(), ElementsAre("kernel 1500000 console"));
}

TEST_F(Boot, KernelWithoutTimesIsSeenByItsVersion) {
    prints("Linux version 6.1.0 (gcc)\n", 40);
    prints("Run /init as init process\n", 50);
    EXPECT_THAT(seen(), ElementsAre("kernel 40 console", "initrd 50 console"));
}

TEST_F(Boot, WhatOnlyLooksLikeATimeIsNone) {
    for (const char* line : {"[  OK  ] Started it.", "[1.5] x", "[    1.23456x] x", "[ -1.000000] x", "[x.000000] x", "[.000000] x",
                             "[99999999999999999999.000000] x", "[1.000000", "[]", "[", "x [    1.000000] x"})
        prints(std::string(line) + "\n", 5'000'000);
    EXPECT_THAT(seen(), IsEmpty());
}

TEST_F(Boot, EveryPartOfALoudBoot) {
    prints("BdsDxe: starting Boot0001 \"UEFI Misc Device\"\r\n", 10);
    prints("Linux version 6.12\n", 20);
    prints("Run /init as init process\n", 30);
    prints("systemd[1]: Running in initrd.\n\033[1mWelcome to Debian GNU/Linux (Initramfs)\n", 40);
    prints("systemd[1]: Switching root.\n", 50);
    prints("Welcome to \033[1mDebian GNU/Linux 13 (trixie)\033[0m!\n", 60);
    EXPECT_THAT(seen(), ElementsAre("loader 10 console", "kernel 20 console", "initrd 30 console", "userspace 50 console"));
}

TEST_F(Boot, WithoutAnInitrdTheFirstProgramIsUserSpace) {
    prints("Run /sbin/init as init process\n", 30);
    EXPECT_THAT(seen(), ElementsAre("userspace 30 console"));
}

TEST_F(Boot, LineWithoutAnEndIsDroppedAndTheNextIsRead) {
    prints(std::string(BootMarks::longest_line + 1, 'x'), 10);
    prints(" Linux version\nLinux version 6\n", 20);
    EXPECT_THAT(seen(), ElementsAre("kernel 20 console"));
}

TEST_F(Boot, SystemdWithoutAnInitrdOfItsOwn) {
    says("X_SYSTEMD_SIGNALS_LEVEL", "2", 10);
    says("X_SYSTEMD_HOSTNAME", "it", 11);
    says("X_SYSTEMD_UNIT_ACTIVE", "basic.target", 20);
    says("STATUS", "Starting …", 25);
    says("READY", "1", 30);
    EXPECT_THAT(seen(), ElementsAre("userspace 10 notify", "basic.target 20 notify", "ready 30 notify"));
}

TEST_F(Boot, SystemdInTheInitrdToo) {
    says("X_SYSTEMD_HOSTNAME", "it", 10);
    says("X_SYSTEMD_UNIT_ACTIVE", "initrd.target", 20);
    says("X_SYSTEMD_UNIT_ACTIVE", "initrd-switch-root.target", 22);
    says("X_SYSTEMD_SIGNALS_LEVEL", "2", 30);
    says("X_SYSTEMD_HOSTNAME", "it", 31);
    says("READY", "1", 40);
    EXPECT_THAT(seen(), ElementsAre("initrd 10 notify", "initrd.target 20 notify", "initrd-switch-root.target 22 notify",
                                    "userspace 30 notify", "ready 40 notify"));
}

TEST_F(Boot, SystemdThatDoesNotSayWhoItIs) {
    says("X_SYSTEMD_UNIT_ACTIVE", "basic.target", 20);
    says("READY", "1", 30);
    EXPECT_THAT(seen(), ElementsAre("basic.target 20 notify", "userspace 20 notify", "ready 30 notify"));
}

TEST_F(Boot, ReadyAloneTellsNothingElse) {
    says("READY", "0", 20);
    says("READY", "1", 30);
    EXPECT_THAT(seen(), ElementsAre("ready 30 notify"));
}

TEST_F(Boot, GuestCannotFillTheRecord) {
    for (int i = 0; i < 1000; ++i)
        says("X_SYSTEMD_UNIT_ACTIVE", "x" + std::to_string(i) + ".target", i);
    EXPECT_EQ(marks_.found().size(), BootMarks::most_units);
}

TEST_F(Boot, UnitNamedAsAMarkIsNone) {
    says("X_SYSTEMD_UNIT_ACTIVE", "ready", 10);
    says("X_SYSTEMD_UNIT_ACTIVE", "greeting", 10);
    EXPECT_THAT(seen(), IsEmpty());
}

}  // namespace
}  // namespace vmspawn::test
