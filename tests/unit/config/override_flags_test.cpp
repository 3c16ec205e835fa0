// Flags that make several values, and --set and --unset.
#include "base/render.hpp"
#include "config/arguments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;

std::vector<std::string> overrides_of(std::vector<const char*> flags) {
    flags.insert(flags.begin(), {"vmspawn", "run"});
    Diagnostics found;
    const Invocation got = parse_arguments(language(), flags, found);
    EXPECT_TRUE(found.empty()) << render(found, Colour::no);
    std::vector<std::string> out;
    for (const Override& each : got.overrides) {
        const char* how[] = {" = ", " += ", " cleared", " unset"};
        const bool has_value = each.how == Override::How::set || each.how == Override::How::append;
        out.push_back(to_string(each.key) + how[static_cast<int>(each.how)] + (has_value ? to_toml(each.value) : ""));
    }
    return out;
}

std::string problem(std::vector<const char*> flags) {
    flags.insert(flags.begin(), {"vmspawn", "run"});
    Diagnostics found;
    parse_arguments(language(), flags, found);
    EXPECT_EQ(found.size(), 1U) << render(found, Colour::no);
    return found.empty() ? "" : found.begin()->summary;
}

TEST(Ram, TakesUpToThreeFields) {
    EXPECT_THAT(overrides_of({"--ram=4G"}), ElementsAre("ram = \"4G\""));
    EXPECT_THAT(overrides_of({"--ram=4G:8G"}), ElementsAre("ram = \"4G\"", "ram-max = \"8G\""));
    EXPECT_THAT(overrides_of({"--ram=4G:8G:3"}), ElementsAre("ram = \"4G\"", "ram-max = \"8G\"", "ram-slots = 3"));
}

TEST(Bind, SourceAndTarget) {
    EXPECT_THAT(overrides_of({"--bind=/a"}), ElementsAre("mount.cli0.source = \"/a\""));
    EXPECT_THAT(overrides_of({"--bind=~/a"}), ElementsAre("mount.cli0.source = \"~/a\""));
    EXPECT_THAT(overrides_of({"--bind=rel:/b"}), ElementsAre("mount.cli0.source = \"rel\"", "mount.cli0.target = \"/b\""));
}

TEST(Bind, EscapesWorkInBothParts) {
    EXPECT_THAT(overrides_of({"--bind=/a\\:b:/c\\:d"}), ElementsAre("mount.cli0.source = \"/a:b\"", "mount.cli0.target = \"/c:d\""));
    EXPECT_THAT(overrides_of({"--bind=/a\\\\:/c"}), ElementsAre("mount.cli0.source = \"/a\\\\\"", "mount.cli0.target = \"/c\""));
    EXPECT_THAT(overrides_of({"--bind=/a\\n:/c\\"}), ElementsAre("mount.cli0.source = \"/a\\\\n\"", "mount.cli0.target = \"/c\\\\\""));
}

TEST(Bind, EntriesAreNumberedInOrder) {
    EXPECT_THAT(
        overrides_of({"--bind=/a", "--extra-drive=x", "--bind-ro=/b"}),
        ElementsAre("mount.cli0.source = \"/a\"", "drive.cli0.path = \"x\"", "mount.cli1.source = \"/b\"", "mount.cli1.read-only = true"));
}

TEST(Bind, AWrongFlagLeavesNoHalfEntry) {
    std::vector<const char*> argv = {"vmspawn", "run", "--bind=/a:rel", "--extra-drive=raw:raw:x"};
    Diagnostics found;
    EXPECT_TRUE(parse_arguments(language(), argv, found).overrides.empty());
    EXPECT_EQ(found.size(), 2U);
}

TEST(ExtraDrive, PrefixesInAnyOrder) {
    const std::vector<std::string> both = {"drive.cli0.format = \"qcow2\"", "drive.cli0.disk-type = \"nvme\"", "drive.cli0.path = \"a\""};
    EXPECT_THAT(overrides_of({"--extra-drive=qcow2:nvme:a"}), testing::UnorderedElementsAreArray(both));
    EXPECT_THAT(overrides_of({"--extra-drive=nvme:qcow2:a"}), testing::UnorderedElementsAreArray(both));
}

TEST(ExtraDrive, AnUnknownPrefixBelongsToThePath) {
    EXPECT_THAT(overrides_of({"--extra-drive=vmdk:a"}), ElementsAre("drive.cli0.path = \"vmdk:a\""));
    EXPECT_THAT(overrides_of({"--extra-drive=raw:x:nvme:a"}), ElementsAre("drive.cli0.format = \"raw\"", "drive.cli0.path = \"x:nvme:a\""));
    EXPECT_THAT(overrides_of({"--extra-drive=./raw:a"}), ElementsAre("drive.cli0.path = \"./raw:a\""));
    EXPECT_THAT(overrides_of({"--extra-drive=raw"}), ElementsAre("drive.cli0.path = \"raw\""));
}

TEST(Credential, TextIsUnescaped) {
    EXPECT_THAT(overrides_of({"--set-credential=a.b:x:y\\n\\x41"}), ElementsAre("credentials.\"a.b\" = \"x:y\\nA\""));
    EXPECT_THAT(overrides_of({"--set-credential=a:"}), ElementsAre("credentials.a = \"\""));
}

TEST(Credential, BytesBecomeBase64) {
    EXPECT_THAT(overrides_of({"--set-credential=a:\\x00"}), ElementsAre("credentials.a = { base64 = \"AA==\" }"));
    EXPECT_THAT(overrides_of({"--set-credential=a:\\xff"}), ElementsAre("credentials.a = { base64 = \"/w==\" }"));
}

TEST(Credential, APathOrAnInheritedName) {
    EXPECT_THAT(overrides_of({"--load-credential=a:/x", "--load-credential=b:./y:z", "--load-credential=c:name"}),
                ElementsAre("credentials.a = { file = \"/x\" }", "credentials.b = { file = \"./y:z\" }",
                            "credentials.c = { inherited = \"name\" }"));
}

TEST(Credential, AnIdIsGivenOnce) {
    EXPECT_EQ(problem({"--set-credential=a:1", "--set-credential=a:2"}), "credential 'a' is given twice");
    EXPECT_THAT(overrides_of({"--set-credential=a:1", "--set-credential=", "--set-credential=a:2"}),
                ElementsAre("credentials.a = \"1\"", "credentials cleared", "credentials.a = \"2\""));
}

TEST(Set, KeysMayBeQuotedAndHoldEquals) {
    EXPECT_THAT(overrides_of({"--set", "mount.\"a=b\".source=/x=y"}), ElementsAre("mount.\"a=b\".source = \"/x=y\""));
    EXPECT_THAT(overrides_of({"--set", "mount.'a.b'.source=x"}), ElementsAre("mount.\"a.b\".source = \"x\""));
    EXPECT_THAT(overrides_of({"--set", "credentials.\"q\\\"=\" = v"}), ElementsAre("credentials.\"q\\\"=\" = \" v\""));
    EXPECT_THAT(overrides_of({"--set", " cpus =4"}), ElementsAre("cpus = 4"));
}

TEST(Set, ListsAreReplacedExtendedAndCleared) {
    EXPECT_THAT(overrides_of({"--set", "smbios=a", "--set", "smbios+=b", "--set", "smbios+=['c', 'd']", "--set", "smbios="}),
                ElementsAre("smbios = [\"a\"]", "smbios += [\"b\"]", "smbios += [\"c\", \"d\"]", "smbios cleared"));
}

TEST(Set, TablesAreToml) {
    EXPECT_THAT(overrides_of({"--set", "mount.x={ source = 'a', read-only = true }"}),
                ElementsAre("mount.x = { source = \"a\", read-only = true }"));
    EXPECT_THAT(overrides_of({"--set", "mount={ x = { source = 'a' } }"}), ElementsAre("mount = { x = { source = \"a\" } }"));
    EXPECT_EQ(problem({"--set", "mount.x=[1]"}), "mount.x is a table");
}

TEST(Set, AnEmptyValueBringsTheDefaultBack) {
    EXPECT_THAT(overrides_of({"--set", "name=", "--set", "ram=", "--set", "description="}),
                ElementsAre("name unset", "ram unset", "description = \"\""));
}

TEST(Set, SuggestsAmongAllKeys) {
    std::vector<const char*> argv = {"vmspawn", "run", "--set", "imge.path=x", "--set", "network.lan.forwad=x", "--unset", "consol.mode"};
    Diagnostics found;
    parse_arguments(language(), argv, found);
    std::vector<std::string> hints;
    for (const Diagnostic& each : found)
        hints.push_back(each.hint);
    EXPECT_THAT(hints, ElementsAre("did you mean 'image.path'?", "did you mean 'network.lan.forward'?", "did you mean 'console.mode'?"));
}

TEST(Unset, TakesKeysAndTables) {
    EXPECT_THAT(overrides_of({"--unset", "cpus", "--unset", "mount", "--unset", "mount.x", "--unset", "image"}),
                ElementsAre("cpus unset", "mount unset", "mount.x unset", "image unset"));
}

}  // namespace
}  // namespace vmspawn
