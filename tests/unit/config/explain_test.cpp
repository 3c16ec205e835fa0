#include "config/print.hpp"
#include "definition.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string explain(const KeyPath& key, const std::string& text, const std::vector<std::string>& flags = {}) {
    return explain_text(language(), merged(text, flags), key);
}

nlohmann::json explained(const KeyPath& key, const std::string& text, const std::vector<std::string>& flags = {}) {
    return nlohmann::json::parse(explain_json(language(), merged(text, flags), key))["keys"];
}

TEST(Explain, ShowsTheWinnerWhatItHidesAndWhatItMeans) {
    EXPECT_EQ(explain({"ram"}, "ram = \"4G\"\n", {"--ram=8G"}),
              "ram = \"8G\"    argument 2: --ram=8G\n"
              "  hides \"4G\"  dev.vmspawn:1:7\n"
              "  hides \"2G\"  built-in default\n"
              "  Memory of the guest, at least 16M.\n"
              "  expected: bytes or a suffix of K M G T P E\n"
              "  default: \"2G\"\n"
              "  flag: --ram=SIZE[:MAX[:SLOTS]]\n"
              "  since: systemd 259\n");
}

TEST(Explain, SaysWhatIsNotSet) {
    EXPECT_THAT(explain({"boot", "linux"}, "cpus = 1\n"), StartsWith("boot.linux is not set\n  Kernel or unified kernel image"));
    EXPECT_THAT(explain({"arch"}, "cpus = 1\n"), StartsWith("arch = \"native\"  built-in default\n"));
}

TEST(Explain, ListsTheWordsAndAllFlags) {
    const std::string text = explain({"network", "n", "kind"}, "[network.n]\nkind = \"tap\"\n");
    EXPECT_THAT(text, HasSubstr("expected: one of tap or user\n"));
    EXPECT_THAT(text, HasSubstr("flag: -n, --network-tap, --network-user-mode\n"));
    EXPECT_THAT(explain({"description"}, ""), HasSubstr("since: vmspawn only\n"));
}

TEST(Explain, ATableExplainsEachOfItsLeaves) {
    const std::string text = explain({"drive"}, "[drive.a]\npath = \"x\"\n[drive.b]\npath = \"y\"\n");
    for (const char* line : {"drive.a.path = \"x\"  dev.vmspawn:2:8\n", "drive.b.path = \"y\"", "drive.a.discard = true  built-in default",
                             "flag: --extra-drive=[FMT:][TYPE:]PATH"})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_THAT(explain({"drive", "b"}, "[drive.a]\npath = \"x\"\n[drive.b]\npath = \"y\"\n"), Not(HasSubstr("drive.a")));
}

TEST(Explain, ATableWithoutEntriesExplainsWhatCouldBeThere) {
    EXPECT_THAT(explain({"mount"}, "cpus = 1\n"), StartsWith("mount.NAME.source is not set\n"));
    EXPECT_THAT(explain({"mount", "src"}, "cpus = 1\n"), StartsWith("mount.src.source is not set\n"));
}

TEST(Explain, EveryKeyHasAnExplanation) {
    const Merged full = merged(std::string(full_definition));
    for (const Setting& setting : language().settings()) {
        const std::string text =
            explain_text(language(), full, setting.key.front() == "include" ? KeyPath{"include"} : KeyPath{setting.key.front()});
        EXPECT_THAT(text, HasSubstr(setting.description)) << to_string(setting.key);
    }
    EXPECT_EQ(explain_text(language(), full, {"nonsense"}), "");
}

TEST(Explain, ACredentialIsNotShown) {
    const std::vector<std::string> flags{"--set-credential=a:secret", "--set", "credentials.b=secret"};
    const std::string file = "[credentials]\na = \"secret\"\nf = { file = \"key\" }\n";
    EXPECT_THAT(explain({"credentials"}, file, flags), Not(HasSubstr("secret")));
    EXPECT_THAT(explain({"credentials"}, file, flags), HasSubstr("credentials.f = { file = \"key\" }"));
    EXPECT_THAT(explained({"credentials"}, file, flags).dump(), Not(HasSubstr("secret")));
    EXPECT_EQ(explained({"credentials", "b"}, file, flags)[0]["value"], nlohmann::json({{"redacted", true}}));
}

TEST(Explain, JsonTellsTheSame) {
    const auto ram = explained({"ram"}, "ram = \"4G\"\n", {"--ram=8G"})[0];
    EXPECT_EQ(ram["key"], "ram");
    EXPECT_EQ(ram["value"], "8G");
    EXPECT_EQ(ram["origin"], nlohmann::json({{"kind", "argument"}, {"index", 2}, {"argument", "--ram=8G"}}));
    ASSERT_EQ(ram["hidden"].size(), 2U);
    EXPECT_EQ(ram["hidden"][0]["origin"], nlohmann::json({{"kind", "file"}, {"file", "dev.vmspawn"}, {"line", 1}, {"column", 7}}));
    EXPECT_EQ(ram["hidden"][1]["origin"]["kind"], "default");
    EXPECT_EQ(ram["default"], "2G");
    EXPECT_EQ(ram["flags"], nlohmann::json({"--ram=SIZE[:MAX[:SLOTS]]"}));
    EXPECT_FALSE(explained({"boot", "linux"}, "cpus = 1\n")[0].contains("value"));
}

}  // namespace
}  // namespace vmspawn
