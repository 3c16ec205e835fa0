#include "config/merge.hpp"

#include "temporary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Layers from texts, lowest first, and flags.
Merged merged_layers(const std::vector<std::string>& texts, std::vector<const char*> flags = {}, Diagnostics* problems = nullptr) {
    Layers layers;
    for (const std::string& text : texts)
        layers.trees.push_back(tree(text));
    flags.insert(flags.begin(), {"vmspawn", "run"});
    Diagnostics found;
    const Invocation invocation = parse_arguments(language(), flags, found);
    Merged out = merge(language(), std::move(layers), invocation, found);
    EXPECT_TRUE(problems != nullptr || found.empty()) << render(found, Colour::no);
    if (problems != nullptr)
        *problems = std::move(found);
    return out;
}

/// "4 hides 2, 1"
std::string value(const Merged& merged, const std::string& key) {
    const MergedValue* found = merged.find(*parse_key(key));
    if (found == nullptr)
        return "none";
    std::string out = to_toml(found->node);
    for (const Node& hidden : found->hidden)
        out += (&hidden == found->hidden.data() ? " hides " : ", ") + to_toml(hidden);
    return out;
}

TEST(Merge, DefaultsAreValues) {
    const Merged got = merged_layers({});
    EXPECT_EQ(value(got, "cpus"), "1");
    EXPECT_EQ(value(got, "ram"), "\"2G\"");
    EXPECT_EQ(value(got, "kvm"), "\"auto\"");
    EXPECT_EQ(value(got, "image.discard"), "true");
    EXPECT_EQ(value(got, "name"), "none");
    EXPECT_TRUE(std::holds_alternative<FromDefault>(got.find({"cpus"})->node.at));
}

TEST(Merge, LaterLayersWinAndHide) {
    const Merged got = merged_layers({"cpus = 2", "cpus = 3", "ram = '1G'"}, {"--cpus=4"});
    EXPECT_EQ(value(got, "cpus"), "4 hides 3, 2, 1");
    EXPECT_EQ(value(got, "ram"), "\"1G\" hides \"2G\"");
    EXPECT_EQ(to_string(got.find({"cpus"})->node.at), "--cpus=4");
    EXPECT_EQ(to_string(got.find({"cpus"})->hidden[0].at), "test.vmspawn:1:8");
}

TEST(Merge, TablesMergeListsAreReplaced) {
    const Merged got = merged_layers({"[boot]\nlinux = 'a'\ncmdline = ['x', 'y']", "[boot]\ncmdline = ['z']"});
    EXPECT_EQ(value(got, "boot.linux"), "\"a\"");
    EXPECT_EQ(value(got, "boot.cmdline"), "[\"z\"] hides [\"x\", \"y\"]");
}

TEST(Merge, FlagsAppendToLists) {
    const Merged got = merged_layers({"smbios = ['a']"}, {"-s", "b", "--set", "smbios+=c", "--set", "boot.cmdline=q", "--", "w"});
    EXPECT_EQ(value(got, "smbios"), "[\"a\", \"b\", \"c\"]");
    EXPECT_EQ(value(got, "boot.cmdline"), "[\"q\", \"w\"]");
    const auto& list = std::get<List>(got.find({"smbios"})->node.value);
    EXPECT_EQ(to_string(list[0].at), "test.vmspawn:1:11");
    EXPECT_EQ(to_string(list[1].at), "-s b");
}

TEST(Merge, AnEmptyListFlagClearsFilesToo) {
    EXPECT_EQ(value(merged_layers({"smbios = ['a']"}, {"-s", "b", "-s", "", "-s", "c"}), "smbios"), "[\"c\"] hides [\"a\", \"b\"]");
    EXPECT_EQ(value(merged_layers({"smbios = ['a']"}, {"--smbios11="}), "smbios"), "[] hides [\"a\"]");
}

TEST(Merge, UnsetBringsTheDefaultBack) {
    const Merged got = merged_layers({"cpus = 2\nname = 'x'", "cpus = 3"}, {"--unset", "cpus", "--unset=name"});
    EXPECT_EQ(value(got, "cpus"), "1 hides 3, 2");
    EXPECT_EQ(to_string(got.find({"cpus"})->key_at), "--unset cpus");
    EXPECT_EQ(value(got, "name"), "none");
    EXPECT_EQ(value(merged_layers({"cpus = 2"}, {"--unset=cpus", "--cpus=5"}), "cpus"), "5 hides 1");
}

TEST(Merge, UnsetOfATableDropsWhatIsBelow) {
    const Merged got = merged_layers({"[image]\npath = 'a'\ngrow = '2G'\n[mount.a]\nsource = 'x'\n[mount.b]\nsource = 'y'"},
                                     {"--unset", "image", "--unset", "mount.a"});
    EXPECT_EQ(value(got, "image.path"), "none");
    EXPECT_EQ(value(got, "image.format"), "\"raw\"");
    EXPECT_EQ(value(got, "mount.a.source"), "none");
    EXPECT_EQ(value(got, "mount.b.source"), "\"y\"");
    EXPECT_THAT(got.names("mount"), ElementsAre("b"));
    EXPECT_THAT(merged_layers({"[mount.a]\nsource = 'x'"}, {"--unset=mount"}).names("mount"), IsEmpty());
}

TEST(Merge, AnEmptyBindClearsTheMountsOfFiles) {
    const Merged got = merged_layers({"[mount.a]\nsource = 'x'"}, {"--bind=/p", "--bind=", "--bind=/q:/r"});
    EXPECT_THAT(got.names("mount"), ElementsAre("cli1"));
    EXPECT_EQ(value(got, "mount.cli1.source"), "\"/q\"");
    EXPECT_EQ(value(got, "mount.a.source"), "none");
}

TEST(Merge, EntriesMergeByNameInOrderOfMention) {
    const Merged got = merged_layers({"[mount.z]\nsource = 'x'\n[mount.a]\nsource = 'y'", "[mount.a]\nread-only = true"},
                                     {"--bind=/p", "--set", "mount.b.source=q"});
    EXPECT_THAT(got.names("mount"), ElementsAre("z", "a", "cli0", "b"));
    EXPECT_EQ(value(got, "mount.a.source"), "\"y\"");
    EXPECT_EQ(value(got, "mount.a.read-only"), "true hides false");
    EXPECT_EQ(value(got, "mount.z.read-only"), "false");
}

TEST(Merge, AnEmptyEntryIsOne) {
    const Merged got = merged_layers({"[network.lan]"});
    EXPECT_THAT(got.names("network"), ElementsAre("lan"));
    EXPECT_EQ(value(got, "network.lan.kind"), "\"user\"");
    EXPECT_THAT(merged_layers({}).names("network"), IsEmpty());
}

TEST(Merge, AnEntryNeedsItsKeysFromSomeLayer) {
    Diagnostics found;
    merged_layers({"[mount.a]\nsource = 'x'", "[mount.a]\nread-only = true\n[mount.b]\nread-only = true"}, {"--set", "drive.d.discard=no"},
                  &found);
    EXPECT_EQ(render(found, Colour::no),
              "test.vmspawn:3:8: error: [mount.b] has no 'source'\n"
              "  3 | [mount.b]\n"
              "    |        ^ add source: Host directory or file to share.\n"
              "--set drive.d.discard=no: error: [drive.d] has no 'path'\n"
              "    | --set drive.d.discard=no\n"
              "    |       ^^^^^^^^^^^^^^^ add path: Disk image or block device.\n"
              "2 problems in test.vmspawn, --set drive.d.discard=no\n");
}

TEST(Merge, ACredentialIsOneValue) {
    const Merged got =
        merged_layers({"[credentials]\na = { file = 'x' }\nb = 'text'"}, {"--set-credential=a:new", "--load-credential=b:/p"});
    EXPECT_EQ(value(got, "credentials.a"), "\"new\" hides { file = \"x\" }");
    EXPECT_EQ(value(got, "credentials.b"), "{ file = \"/p\" } hides \"text\"");
    EXPECT_THAT(got.names("credentials"), ElementsAre("a", "b"));
}

TEST(Merge, ATableByFlagMerges) {
    const Merged got =
        merged_layers({"[mount.a]\nsource = 'x'"}, {"--set", "mount.a={ read-only = true }", "--set", "mount={ n = { source = 'y' } }"});
    EXPECT_EQ(value(got, "mount.a.source"), "\"x\"");
    EXPECT_EQ(value(got, "mount.a.read-only"), "true hides false");
    EXPECT_THAT(got.names("mount"), ElementsAre("a", "n"));
}

TEST(Merge, RowsStandInTheOrderOfTheSchema) {
    const Merged got = merged_layers({"[mount.b]\nsource = 'x'\n[mount.a]\nsource = 'x'\n[image]\npath = 'p'\nformat = 'raw'\n"});
    std::vector<std::string> keys;
    for (const MergedValue& each : got.values)
        if (each.key.front() == "mount" || each.key.back() == "path" || each.key.back() == "cpus")
            keys.push_back(to_string(each.key));
    EXPECT_THAT(keys, ElementsAre("cpus", "image.path", "mount.b.source", "mount.b.read-only", "mount.b.cache", "mount.a.source",
                                  "mount.a.read-only", "mount.a.cache"));
}

TEST(Merge, EveryKeyCanBeSetByFileAndFlagAlike) {
    for (const Setting& setting : language().settings()) {
        if (setting.default_json.empty() || setting.key.front() == "include")
            continue;
        KeyPath key = setting.key;
        std::ranges::replace(key, std::string("*"), std::string("x"));
        Diagnostics ignored;  // an entry may lack what it needs
        const Merged file = merged_layers({to_string(key) + " = " + setting.default_json}, {}, &ignored);
        ASSERT_NE(file.find(key), nullptr) << to_string(key);
        EXPECT_FALSE(std::holds_alternative<FromDefault>(file.find(key)->node.at)) << to_string(key);
    }
}

}  // namespace
}  // namespace vmspawn
