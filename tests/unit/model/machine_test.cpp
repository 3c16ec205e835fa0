#include "model/machine.hpp"

#include "broken.hpp"

namespace vmspawn {
namespace {

TEST(Machine, FindsTheOriginOfAKey) {
    Machine m;
    say(m, "mount.src.source");
    EXPECT_EQ(place(m.origin_of("mount.src.source")), "mount.src.source");
    EXPECT_EQ(place(m.origin_of("mount.src.target")), "");
}

TEST(Machine, FallsBackToTheListAndTheEntryAbove) {
    Machine m;
    say(m, "boot.initrd");
    say(m, "boot.initrd[1]");
    say(m, "mount.src");
    EXPECT_EQ(place(m.origin_of("boot.initrd[1]")), "boot.initrd[1]");
    EXPECT_EQ(place(m.origin_of("boot.initrd[0]")), "boot.initrd");
    EXPECT_EQ(place(m.origin_of("mount.src.target")), "mount.src");
    EXPECT_TRUE(std::holds_alternative<FromDefault>(m.origin_of("boot.linux")));
}

TEST(Machine, AQuotedNameIsOnePart) {
    Machine m;
    say(m, R"(drive."a.b[0]")");
    EXPECT_EQ(place(m.origin_of(R"(drive."a.b[0]".path)")), R"(drive."a.b[0]")");
    EXPECT_EQ(place(m.origin_of(R"(drive."a.c".path)")), "");
    say(m, R"(drive."a\".b")");
    EXPECT_EQ(place(m.origin_of(R"(drive."a\".b".path)")), R"(drive."a\".b")");
}

TEST(Machine, TheWholeDefinitionIsNoFallback) {
    Machine m;
    say(m, "");
    EXPECT_TRUE(std::holds_alternative<FromArgument>(m.origin_of("")));
    EXPECT_TRUE(std::holds_alternative<FromDefault>(m.origin_of("ram")));
}

TEST(Machine, SaidIsOnlyWhatAFileOrFlagSet) {
    Machine m;
    say(m, "mount.src");
    m.origins["mount.src.read-only"] = FromDefault{};
    EXPECT_TRUE(m.said("mount.src"));
    EXPECT_FALSE(m.said("mount.src.source"));
    EXPECT_FALSE(m.said("mount.src.read-only"));
}

TEST(EntryKey, QuotesWhatTomlQuotes) {
    EXPECT_EQ(entry_key("mount", "src", "source"), "mount.src.source");
    EXPECT_EQ(entry_key("mount", "src"), "mount.src");
    EXPECT_EQ(entry_key("drive", "a b", "path"), R"(drive."a b".path)");
    EXPECT_EQ(entry_key("credentials", "ssh.key"), R"(credentials."ssh.key")");
    EXPECT_EQ(entry_key("drive", ""), R"(drive."")");
    EXPECT_EQ(element_key("boot.initrd", 2), "boot.initrd[2]");
}

}  // namespace
}  // namespace vmspawn
