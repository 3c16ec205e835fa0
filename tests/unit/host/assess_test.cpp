#include "base/text.hpp"
#include "host/probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Verdict = HostItem::Verdict;

Host good() {
    Host host{.arch = "x86_64", .uid = 1000};
    host.runtime_base = "/run/user/1000";
    host.kvm.usable = true;
    host.qemu["x86_64"] = {"/usr/bin/qemu", "10.0.3", {"sandbox"}, ""};
    host.virtiofsd = Virtiofsd{"/usr/libexec/virtiofsd", "1.13.2", {}};
    for (const Question& question : standing_questions()) {
        if (question.kind == Question::Kind::program)
            host.programs[question.subject] = "/usr/bin/" + question.subject;
        else
            host.files[question.subject] = {FileAnswer::Type::character, 0, 0, true, true};
    }
    host.files["/usr/share/qemu/firmware"].type = FileAnswer::Type::directory;
    host.files["/run/systemd/system"].type = FileAnswer::Type::directory;
    host.files["/run/user/1000"] = {FileAnswer::Type::directory, 0, 0, true, true, 1000};
    return host;
}

HostItem item(const Host& host, std::string_view name) {
    for (HostItem& found : assess(host))
        if (found.name == name)
            return found;
    ADD_FAILURE() << "no item " << name;
    return {};
}

TEST(Assess, AllIsWell) {
    for (const HostItem& found : assess(good())) {
        EXPECT_EQ(found.verdict, Verdict::pass) << found.name;
        EXPECT_EQ(found.fix, "") << found.name;
    }
    EXPECT_GE(assess(good()).size(), 14U);
}

TEST(Assess, KvmIsAWarningWithItsFix) {
    Host host = good();
    host.kvm = {false, "there is no /dev/kvm", "modprobe kvm_intel"};
    EXPECT_EQ(item(host, "KVM").verdict, Verdict::warn);
    EXPECT_EQ(item(host, "KVM").fix, "modprobe kvm_intel");
}

TEST(Assess, MissingVirtiofsdNamesItsPackage) {
    Host host = good();
    host.virtiofsd = Virtiofsd{};
    EXPECT_EQ(item(host, "virtiofsd").verdict, Verdict::warn);
    EXPECT_EQ(item(host, "virtiofsd").fix, "apt-get install virtiofsd");
    host.virtiofsd = Virtiofsd{"/opt/virtiofsd", "", {}};
    EXPECT_EQ(item(host, "virtiofsd").verdict, Verdict::warn) << "it does not run";
}

TEST(Assess, OnlyTheNativeQemuMustBeThere) {
    Host host = good();
    host.qemu["x86_64"] = {"", "", {}, "there is no QEMU for x86_64"};
    host.qemu["aarch64"] = {"", "", {}, "there is no QEMU for aarch64"};
    EXPECT_EQ(item(host, "QEMU x86_64").verdict, Verdict::fail);
    EXPECT_EQ(item(host, "QEMU x86_64").fix, "apt-get install qemu-system-x86");
    EXPECT_EQ(item(host, "QEMU aarch64").verdict, Verdict::warn);
    EXPECT_EQ(item(host, "QEMU aarch64").fix, "apt-get install qemu-system-arm");
}

TEST(Assess, BrokenQemuIsQuotedAndNotInstalledAgain) {
    Host host = good();
    host.qemu["x86_64"] = {"/usr/bin/qemu", "", {}, "it ended: no libfoo"};
    EXPECT_EQ(item(host, "QEMU x86_64").text, "/usr/bin/qemu: it ended: no libfoo");
    EXPECT_EQ(item(host, "QEMU x86_64").fix, "");
}

TEST(Assess, FixesSpeakTheHostsPackageManager) {
    Host host = good();
    host.programs["swtpm_setup"] = "";
    EXPECT_EQ(item(host, "swtpm_setup").fix, "apt-get install swtpm-tools");
    host.programs["apt-get"] = "";
    EXPECT_EQ(item(host, "swtpm_setup").fix, "dnf install swtpm-tools");
    host.programs["dnf"] = "";
    EXPECT_EQ(item(host, "swtpm_setup").fix, "pacman -S swtpm");
    host.programs["pacman"] = "";
    EXPECT_EQ(item(host, "swtpm_setup").fix, "install the package swtpm-tools");
}

TEST(Assess, DevicesFirmwareSandboxAndMachined) {
    Host host = good();
    host.files["/dev/vhost-vsock"] = {};
    host.files["/dev/net/tun"].writable = false;
    host.files["/usr/share/qemu/firmware"] = {};
    host.qemu["x86_64"].features.clear();
    host.programs["systemd-machined"] = "";
    EXPECT_EQ(item(host, "vsock").fix, "modprobe vhost_vsock");
    EXPECT_THAT(item(host, "TAP").fix, HasSubstr("setfacl -m u:1000:rw /dev/net/tun"));
    EXPECT_EQ(item(host, "UEFI firmware").fix, "apt-get install ovmf");
    EXPECT_EQ(item(host, "sandbox").verdict, Verdict::warn);
    EXPECT_EQ(item(host, "machined").fix, "apt-get install systemd-container");
    host.files["/run/systemd/system"] = {};
    EXPECT_THAT(item(host, "machined").text, HasSubstr("systemd does not run here"));
}

TEST(Assess, RuntimeDirectoryMustBeOurs) {
    Host host = good();
    host.files["/run/user/1000"].owner = 1001;
    EXPECT_EQ(item(host, "runtime directory").verdict, Verdict::fail);
    host.files["/run/user/1000"] = {};  // it will be made
    for (const HostItem& found : assess(host))
        EXPECT_NE(found.name, "runtime directory");
}

TEST(Assess, WhatNobodyAskedIsNotSpokenOf) {
    EXPECT_EQ(assess(Host{}).size(), 1U);
}

TEST(HostText, FitsEightyColumnsAndNamesTheFix) {
    Host host = good();
    host.kvm = {false,
                std::string("a reason that is much longer than a line of a terminal can be, ") +
                    "so that it must be broken twice at least, is it not",
                "usermod -aG kvm somebody with a long name and more words than fit"};
    const std::string text = host_text(host, false);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(display_width(line), 80U) << line;
        EXPECT_THAT(line, Not(testing::EndsWith(" ")));
    }
    EXPECT_THAT(text, AllOf(HasSubstr("WARN  KVM"), HasSubstr("\n                         fix: usermod"),
                            HasSubstr("PASS  QEMU x86_64        10.0.3")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(HostText, ColoursOnlyTheVerdictAndOnlyWhenAsked) {
    EXPECT_THAT(host_text(good(), true), HasSubstr("\x1b[32mPASS\x1b[0m  KVM"));
    Host host = good();
    host.kvm = {false, "evil \x1b[31m words", ""};
    EXPECT_THAT(host_text(host, false), HasSubstr("evil \\x1b[31m words"));
}

}  // namespace
}  // namespace vmspawn
