// Called as systemd-vmspawn: that program's command line becomes the verb "run" with overrides, and no other table of flags is needed for
// it.
#include "base/render.hpp"
#include "config/flag_table.hpp"
#include "definition.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Called {
    Invocation invocation;
    Merged merged;
    Machine machine;
    std::vector<std::string> problems;  ///< "warning --vsock-cid=7", the flag under the caret
};

Called call(std::vector<const char*> words, const char* program = "/usr/bin/systemd-vmspawn") {
    words.insert(words.begin(), program);
    Called out;
    Diagnostics found;
    out.invocation = parse_arguments(language(), words, found);
    out.merged = merge(language(), {}, out.invocation, found);
    out.machine = decode(out.merged, {"/srv/tree", "/home/ann", "a-host"}, found).machine;
    for (const Diagnostic& problem : found)
        out.problems.push_back((problem.severity == Severity::error ? "error " : "warning ") + to_string(problem.at));
    return out;
}

/// Good by all means.
Called called(const std::vector<const char*>& words) {
    Called out = call(words);
    EXPECT_THAT(out.problems, IsEmpty());
    return out;
}

std::vector<std::string> words_of(const std::vector<const char*>& words) {
    return called(words).machine.boot.cmdline;
}

TEST(SystemdVmspawn, IsKnownByTheLastPartOfItsName) {
    EXPECT_EQ(called_as("systemd-vmspawn"), CalledAs::systemd_vmspawn);
    EXPECT_EQ(called_as("/usr/bin/systemd-vmspawn"), CalledAs::systemd_vmspawn);
    EXPECT_EQ(called_as("/usr/bin/vmspawn"), CalledAs::vmspawn);
    EXPECT_EQ(called_as("/systemd-vmspawn/vmspawn"), CalledAs::vmspawn);
    EXPECT_EQ(called_as(""), CalledAs::vmspawn);
}

TEST(SystemdVmspawn, IsTheVerbRun) {
    const Invocation got = called({"-i", "a.raw", "-q", "--no-pager", "--no-ask-password"}).invocation;
    EXPECT_EQ(got.verb, "run");
    EXPECT_TRUE(got.quiet && got.no_pager && got.no_ask_password);
    EXPECT_THAT(got.files, IsEmpty());
}

TEST(SystemdVmspawn, WordsAreForTheKernel) {
    EXPECT_THAT(words_of({"-i", "a.raw", "run", "rw", "root=/dev/vda2"}), ElementsAre("run", "rw", "root=/dev/vda2"));
    EXPECT_THAT(words_of({"rw", "-i", "a.raw", "quiet", "--cpus=2"}), ElementsAre("rw", "quiet"));
    EXPECT_THAT(words_of({"rw", "--", "-i", "--", "quiet"}), ElementsAre("rw", "-i", "--", "quiet"));
    EXPECT_EQ(called({"rw", "--cpus=2"}).machine.cpus, 2U) << "a flag may follow";
}

TEST(SystemdVmspawn, HasNoVerbsAndNoFiles) {
    EXPECT_THAT(words_of({"check", "a.vmspawn"}), ElementsAre("check", "a.vmspawn"));
    EXPECT_EQ(called({"help"}).invocation.help, false);
    EXPECT_EQ(called({"--help", "check"}).invocation.help, true);
    EXPECT_EQ(called({"--version"}).invocation.version, true);
}

TEST(SystemdVmspawn, HasTheFlagsThatItAlwaysHad) {
    const FlagTable table(language(), CalledAs::systemd_vmspawn);
    for (const char* ours : {"set", "unset", "profile", "format", "host", "arch", "forward", "mac", "qemu-arg", "qemu", "ready-timeout",
                             "vsock-backend", "console-log", "unpack-kernel"}) {
        const auto names = table.starting_with(ours);
        EXPECT_EQ(std::ranges::count(names, ours), 0) << ours;
        EXPECT_EQ(std::ranges::count(FlagTable(language(), CalledAs::vmspawn).starting_with(ours), ours), 1) << ours;
    }
    for (const Setting& setting : language().settings())
        for (const Flag& flag : setting.flags)
            EXPECT_EQ(std::ranges::count(table.starting_with(flag.long_name), flag.long_name) == 1, setting.since != "new")
                << flag.long_name;
    for (const char* theirs : {"bind", "bind-ro", "extra-drive", "help", "version", "quiet", "no-pager", "no-ask-password"})
        EXPECT_THAT(table.starting_with(theirs), testing::Contains(theirs));
}

TEST(SystemdVmspawn, OldNamesStillCount) {
    const Machine m = called({"--qemu-smp=3", "--qemu-mem=1G:2G", "--qemu-kvm", "no", "--qemu-vsock=no", "--qemu-gui"}).machine;
    EXPECT_EQ(m.cpus, 3U);
    EXPECT_EQ(m.memory.size, Bytes{1} << 30);
    EXPECT_EQ(m.memory.max, Bytes{2} << 30);
    EXPECT_EQ(m.kvm, Want::no);
    EXPECT_EQ(m.vsock.enabled, Want::no);
    EXPECT_EQ(m.console.mode, ConsoleMode::gui);
    EXPECT_THAT(call({"run", "--qemu-smp=3"}, "vmspawn").problems, testing::Contains("error --qemu-smp=3"));
}

TEST(SystemdVmspawn, ShortFlagsAndPrefixes) {
    const Called got = called({"-Dtree", "-M", "one", "-nqs", "a=b", "-xSa.slice", "--smb=c", "--cpu", "2"});
    EXPECT_EQ(got.machine.image.directory, "/srv/tree/tree");
    EXPECT_EQ(got.machine.name, "one");
    EXPECT_EQ(got.machine.networks.at(0).kind, NetworkKind::tap);
    EXPECT_EQ(got.machine.cpus, 2U);
    EXPECT_EQ(got.machine.unit.slice, "a.slice");
    EXPECT_TRUE(got.machine.image.ephemeral);
    EXPECT_THAT(got.machine.smbios, ElementsAre("a=b", "c"));
    EXPECT_EQ(called({"-i", "a.raw", "-G8192"}).machine.image.grow, Bytes{8192});
}

TEST(SystemdVmspawn, AnEmptyTriStateIsAuto) {
    const Machine m =
        called({"--kvm=no", "--kvm", "", "--vsock=", "--tpm", "", "--secure-boot=", "--register=", "--vsock-cid=", "--bind="}).machine;
    EXPECT_EQ(m.kvm, Want::if_possible);
    EXPECT_EQ(m.vsock.enabled, Want::if_possible);
    EXPECT_EQ(m.tpm.enabled, Want::if_possible);
    EXPECT_EQ(m.unit.registered, Want::if_possible);
}

TEST(SystemdVmspawn, RunsTheWorkingDirectoryOrWhatIsNamed) {
    const Machine here = called({}).machine;
    EXPECT_EQ(here.image.directory, "/srv/tree");
    EXPECT_EQ(here.name, "tree");
    EXPECT_EQ(called({"--linux=k", "--initrd=i"}).machine.image.directory, "/srv/tree") << "as vmspawn the initrd is the system";
    EXPECT_FALSE(call({"run", "--linux=k", "--initrd=i"}, "vmspawn").machine.image.directory);
    const Machine named = called({"-M", "web"}).machine;
    EXPECT_TRUE(named.image.by_name);
    EXPECT_FALSE(named.image.directory);
    EXPECT_TRUE(called({"-M", "web", "--linux=k", "--initrd=i"}).machine.image.by_name);
}

TEST(SystemdVmspawn, NamesAreThoseOfThePeer) {
    EXPECT_EQ(called({"-i", "/srv/web.raw"}).machine.name, "web");
    EXPECT_EQ(called({"-i", "/srv/web.qcow2", "--image-format=qcow2"}).machine.name, "web.qcow2");
    EXPECT_EQ(called({"-D", "/"}).machine.name, "a-host");
}

TEST(SystemdVmspawn, TheMachineKnowsWhoseCallersItHas) {
    EXPECT_TRUE(called({"-i", "a.raw"}).machine.as_systemd_vmspawn);
    EXPECT_FALSE(call({"run", "-i", "a.raw"}, "vmspawn").machine.as_systemd_vmspawn);
}

TEST(SystemdVmspawn, AnEmptyStateIsNone) {
    const Machine m = called({"-i", "a.raw", "--tpm-state=", "--efi-nvram-state", ""}).machine;
    EXPECT_EQ(m.tpm.state.kind, StateKind::off);
    EXPECT_EQ(m.boot.nvram_state.kind, StateKind::off);
    EXPECT_EQ(call({"run", "-i", "a.raw", "--tpm-state="}, "vmspawn").machine.tpm.state.kind, StateKind::keep);
}

TEST(SystemdVmspawn, ASliceIsMangled) {
    EXPECT_EQ(called({"-i", "a.raw", "--slice=foo/bar"}).machine.unit.slice, "foo-bar");
    EXPECT_EQ(called({"-i", "a.raw", "-S", "a b\xc3\xa4.slice"}).machine.unit.slice, "a\\x20b\\xc3\\xa4.slice");
    EXPECT_EQ(called({"-i", "a.raw", "--slice=a-b_c:d.e\\x20f"}).machine.unit.slice, "a-b_c:d.e\\x20f");
    EXPECT_THAT(call({"-i", "a.raw", "--slice=/a/b"}).problems, ElementsAre("error --slice=/a/b"));
    EXPECT_THAT(call({"run", "-i", "a.raw", "--slice=foo/bar"}, "vmspawn").problems, ElementsAre("error --slice=foo/bar"));
}

TEST(SystemdVmspawn, OfTwoMountsAtOnePlaceTheFirstStays) {
    const Called got = call({"-i", "a.raw", "--bind=/a:/root/src", "--bind=/b:/root/src", "--bind-ro=/c:/c"});
    EXPECT_THAT(got.problems, ElementsAre("warning --bind=/b:/root/src"));
    ASSERT_EQ(got.machine.mounts.size(), 2U);
    EXPECT_EQ(got.machine.mounts[0].source, "/a");
    EXPECT_EQ(got.machine.mounts[1].source, "/c");
    EXPECT_EQ(got.machine.origins.count("mount.cli1.read-only"), 0U) << "nothing of it is left";
    EXPECT_THAT(call({"run", "-i", "a.raw", "--bind=/a:/s", "--bind=/b:/s"}, "vmspawn").problems, ElementsAre("error --bind=/b:/s"));
}

TEST(SystemdVmspawn, WhoAsksForSecureBootTwiceGetsTheLast) {
    const auto outcome = [](std::vector<const char*> words) {
        words.insert(words.begin(), {"-i", "a.raw"});
        const Called got = call(words);
        EXPECT_EQ(got.problems.size(), 1U);
        std::string text = got.problems.empty() ? "" : got.problems.front();
        for (const std::string& feature : got.machine.boot.firmware_features)
            text += " " + feature;
        return text + (got.machine.boot.secure_boot == Want::no ? ", no" : got.machine.boot.secure_boot == Want::yes ? ", yes" : ", auto");
    };
    EXPECT_EQ(outcome({"--firmware-features=a,secure-boot", "--secure-boot=no"}), "warning --firmware-features=a,secure-boot a, no");
    EXPECT_EQ(outcome({"--secure-boot=no", "--firmware-features=secure-boot"}), "warning --secure-boot=no secure-boot, auto");
    EXPECT_EQ(outcome({"--firmware-features=~secure-boot", "--secure-boot=yes"}), "warning --firmware-features=~secure-boot, yes");
    EXPECT_EQ(outcome({"--secure-boot=yes", "--firmware-features=~secure-boot"}), "warning --firmware-features=~secure-boot, yes")
        << "what asks for it wins over what excludes it";
    EXPECT_THAT(called({"-i", "a.raw", "--secure-boot=no", "--firmware-features=~secure-boot"}).problems, IsEmpty());
    EXPECT_THAT(call({"run", "-i", "a.raw", "--secure-boot=no", "--firmware-features=secure-boot"}, "vmspawn").problems,
                ElementsAre("error --firmware-features=secure-boot"));
}

TEST(SystemdVmspawn, QuestionsInsteadOfValues) {
    EXPECT_EQ(called({"--firmware=list"}).invocation.inquiry, Inquiry::firmware_list);
    EXPECT_EQ(called({"--firmware-features=list"}).invocation.inquiry, Inquiry::firmware_features);
    EXPECT_EQ(called({"--firmware=describe", "--firmware-features", "secure-boot"}).invocation.inquiry, Inquiry::firmware_description);
}

/// tests/bad/systemd-vmspawn.txt has the messages.
TEST(SystemdVmspawn, WhatHasNoEffectIsAWarningAndIsLeftOut) {
    const Called cid = call({"-i", "a.raw", "--vsock=no", "--vsock-cid=7"});
    EXPECT_THAT(cid.problems, ElementsAre("warning --vsock-cid=7"));
    EXPECT_FALSE(cid.machine.vsock.cid);
    const Called unit = call({"-i", "a.raw", "--keep-unit", "-S", "a.slice", "--property=MemoryMax=1G"});
    EXPECT_THAT(unit.problems, ElementsAre("warning -S a.slice", "warning --property=MemoryMax=1G"));
    EXPECT_EQ(unit.machine.unit.slice, "machine.slice") << "the default is back";
    EXPECT_FALSE(unit.machine.said("unit.slice"));
    EXPECT_THAT(unit.machine.unit.properties, IsEmpty());
    const Called journal = call({"-i", "a.raw", "--vsock=no", "--forward-journal=/j", "--forward-journal-max-files=3"});
    EXPECT_THAT(journal.problems, ElementsAre("warning --forward-journal=/j"));
    EXPECT_FALSE(journal.machine.journal.forward || journal.machine.journal.is_limited());
    const Called cd = call({"-i", "a.raw", "--image-disk-type=scsi-cd", "-x"});
    EXPECT_THAT(cd.problems, ElementsAre("warning -x"));
    EXPECT_FALSE(cd.machine.image.ephemeral);
}

TEST(SystemdVmspawn, ASecondNetworkFlagUndoesTheFirst) {
    const Called got = call({"-i", "a.raw", "-n", "--network-user-mode"});
    EXPECT_THAT(got.problems, ElementsAre("warning -n"));
    EXPECT_EQ(got.machine.networks.at(0).kind, NetworkKind::user);
    EXPECT_THAT(called({"-i", "a.raw", "-n", "-n"}).problems, IsEmpty());
    EXPECT_THAT(call({"run", "-i", "a.raw", "-n", "--network-user-mode"}, "vmspawn").problems, IsEmpty());
}

TEST(SystemdVmspawn, WhatIsUselessStaysAnErrorForVmspawn) {
    for (const std::vector<const char*>& flags : {std::vector{"--vsock=no", "--vsock-cid=7"},
                                                  {"--keep-unit", "--slice=a.slice"},
                                                  {"--bind-user-shell=yes"},
                                                  {"--console=gui", "--console-transport=serial"}}) {
        std::vector<const char*> words{"run", "-i", "a.raw"};
        words.insert(words.end(), flags.begin(), flags.end());
        const auto problems = call(words, "vmspawn").problems;
        ASSERT_EQ(problems.size(), 1U) << flags.back();
        EXPECT_TRUE(problems.front().starts_with("error ")) << flags.back();
    }
}

TEST(SystemdVmspawn, DrivesAreNotForAnEphemeralMachine) {
    EXPECT_THAT(call({"-x", "-i", "a.raw", "--extra-drive=b.raw"}).problems, ElementsAre("error -x"));
    EXPECT_THAT(call({"run", "-x", "-i", "a.raw", "--extra-drive=b.raw"}, "vmspawn").problems, IsEmpty());
}

TEST(SystemdVmspawn, EveryRuleThatWarnsNamesItsKey) {
    const Called got = call({"-D", "tree", "--image-format=qcow2", "--discard-disk=no", "-G", "1G", "--tpm=no", "--tpm-state=/s",
                             "--vsock=no", "--notify-ready=yes", "--console=native", "--background=4", "--bind-user-shell=yes"});
    EXPECT_EQ(got.problems.size(), 7U);
    for (const std::string& problem : got.problems)
        EXPECT_TRUE(problem.starts_with("warning ")) << problem;
    EXPECT_EQ(got.machine.image.format, DiskFormat::raw);
    EXPECT_TRUE(got.machine.ready.notify);
    EXPECT_FALSE(got.machine.console.background);
}

}  // namespace
}  // namespace vmspawn
