#include "base/text.hpp"
#include "broken.hpp"

#include <set>

namespace vmspawn {
namespace {

TEST(Rules, NamesAreUniqueAndTextsAreSentences) {
    std::set<std::string_view> names;
    for (const Rule& rule : rules()) {
        EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
        EXPECT_GT(rule.text.size(), 20U) << rule.name;
        EXPECT_FALSE(rule.text.ends_with('.')) << rule.name;
    }
    EXPECT_GE(names.size(), 40U);
}

TEST(Rules, GoodMachinesBreakNone) {
    for (const Machine& machine : {disk_machine(), kernel_machine()}) {
        Diagnostics found;
        judge(machine, found);
        EXPECT_TRUE(found.empty()) << (found.empty() ? "" : found.begin()->summary);
    }
}

TEST(Rules, WhatHasNoEffectIsAWarningUnderTheOtherName) {
    Machine m = disk_machine();
    m.vsock.enabled = Want::no;
    m.vsock.cid = 42;
    say(m, "vsock.cid");
    m.memory.slots = 3;
    say(m, "ram-slots");
    Diagnostics found;
    EXPECT_EQ(useless_settings(m, found), std::vector<std::string>{"vsock.cid"});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.begin()->severity, Severity::warning);
}

TEST(Rules, OneHoldsForCallersOfSystemdVmspawnOnly) {
    Machine m = disk_machine();
    m.image.ephemeral = true;
    say(m, "image.ephemeral");
    m.drives.push_back({.name = "a", .path = "/srv/b.raw"});
    Diagnostics ours, theirs;
    judge(m, ours);
    judge(m, theirs, CalledAs::systemd_vmspawn);
    EXPECT_TRUE(ours.empty());
    ASSERT_EQ(theirs.size(), 1U);
    EXPECT_EQ(place(theirs.begin()->at), "image.ephemeral");
}

TEST(Rules, JudgeFindsAllProblemsInOrder) {
    Machine m = disk_machine();
    m.memory.max = Bytes{1} << 20;
    say(m, "ram-max");
    m.image.directory = "/srv/tree";
    say(m, "image.directory");
    m.unit.keep = true;
    m.unit.properties = {{"MemoryMax", std::uint64_t{1} << 30}};
    say(m, "unit.properties");
    Diagnostics found;
    judge(m, found);
    std::vector<std::string> places;
    for (const Diagnostic& problem : found)
        places.push_back(place(problem.at));
    EXPECT_EQ(places, (std::vector<std::string>{"ram-max", "image.path", "unit.properties"}));
}

TEST(Rules, ANoteShowsTheOtherKeyWhereOneWasSaid) {
    Machine m = disk_machine();
    m.vsock.enabled = Want::no;
    m.vsock.cid = 42;
    say(m, "vsock.cid");
    EXPECT_TRUE(verdict("vsock-settings-need-vsock", m).notes.empty());
    say(m, "vsock.enabled");
    EXPECT_EQ(verdict("vsock-settings-need-vsock", m).notes, std::vector<std::string>{"vsock.enabled"});
}

}  // namespace
}  // namespace vmspawn
