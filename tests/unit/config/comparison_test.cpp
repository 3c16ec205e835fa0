// A definition beside the machine that runs.
#include "config/comparison.hpp"

#include "base/text.hpp"
#include "definition.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr Seal seal{1, 2};

/// As it comes back from the file that the machine keeps.
KeptDefinition kept(const std::string& text, const std::vector<std::string>& flags = {}) {
    const auto read = read_kept(language(), to_json(keep_definition(language(), merged(text, flags), test_base, seal)));
    EXPECT_TRUE(read);
    return read.value_or(KeptDefinition{});
}

std::string compared(const std::string& running, const std::string& wanted, const std::vector<std::string>& flags = {}) {
    return comparison_text(language(), kept(running), merged(wanted, flags), test_base);
}

/// "KEY TAKES" of each change.
std::vector<std::string> takes(const std::string& running, const std::string& wanted) {
    const auto json = nlohmann::json::parse(comparison_json(language(), kept(running), merged(wanted), test_base, "web")).at("changes");
    std::vector<std::string> all;
    for (const auto& change : json)
        all.push_back(change.at("key").get<std::string>() + " " + change.at("takes").get<std::string>());
    return all;
}

TEST(Comparison, HasBothValuesWhatItTakesAndThePlace) {
    EXPECT_EQ(compared("cpus = 1\n[image]\npath = \"a.raw\"\n", "ram = \"3G\"\n[image]\npath = \"b.raw\"\n", {"--cpus=4"}),
              "cpus        restart    --cpus=4\n"
              "    1 -> 4\n"
              "ram         restart    dev.vmspawn:1:7\n"
              "    \"2G\" -> \"3G\"\n"
              "image.path  new image  dev.vmspawn:3:8\n"
              "    \"/srv/vm/a.raw\" -> \"/srv/vm/b.raw\"\n"
              "3 differences: 1 new image, 2 restart\n");
}

TEST(Comparison, TellsWhereAValueWasThatIsSaidNoMore) {
    EXPECT_EQ(compared("cpus = 4\n", "kvm = \"auto\"\n"), "cpus  restart    was dev.vmspawn:1:8\n    4 -> 1\n1 difference: 1 restart\n");
}

TEST(Comparison, OfTheSameIsEmpty) {
    EXPECT_EQ(compared(std::string(full_definition), std::string(full_definition)), "");
    EXPECT_EQ(compared("ram = \"1024M\"\nboot.linux = \"k\"\n", "boot.linux = \"/srv/vm/k\"\nram = \"1G\"\n"), "");
    EXPECT_EQ(comparison_text(language(), kept("", {"--image=/x.raw", "--ram=1G"}), merged("", {"--image=/x.raw", "--ram=1G"}), test_base),
              "");
}

TEST(Comparison, KnowsTheNameThatComesFromElsewhere) {
    EXPECT_THAT(compared("", "name = \"other\"\n"), HasSubstr("-> \"other\"\n"));
    EXPECT_THAT(comparison_text(language(), kept("", {"--image=/a.raw"}), merged("", {"--image=/b.raw"}), test_base),
                HasSubstr("\"a\" -> \"b\"\n"));
}

TEST(Comparison, OnlyADiskThatIsAddedAsVmspawnCanIsLive) {
    EXPECT_THAT(takes("cpus = 1\n", "[drive.a]\npath = \"x\"\ndisk-type = \"nvme\"\nread-only = true\n"),
                ElementsAre("drive.a.path live", "drive.a.disk-type live", "drive.a.read-only live"));
    EXPECT_THAT(takes("cpus = 1\n", "[drive.a]\npath = \"x\"\nformat = \"qcow2\"\n"),
                ElementsAre("drive.a.path restart", "drive.a.format restart"));
    EXPECT_THAT(takes("[drive.a]\npath = \"x\"\n", "[drive.a]\npath = \"y\"\n"), ElementsAre("drive.a.path restart"));
    EXPECT_THAT(takes("[drive.a]\npath = \"x\"\n", "[drive.b]\npath = \"x\"\n"), ElementsAre("drive.a.path restart", "drive.b.path live"));
    EXPECT_THAT(takes("cpus = 1\n", "[mount.a]\nsource = \"x\"\n"), ElementsAre("mount.a.source restart"));
}

TEST(Comparison, TellsHowALiveChangeIsMade) {
    EXPECT_THAT(compared("cpus = 1\n", "cpus = 1\n[drive.a]\npath = \"x\"\n"),
                testing::EndsWith("1 difference: 1 live\nlive: by AddStorage of the control socket, if qemu.hotplug-ports left a port\n"));
}

TEST(Comparison, AnEntryOfDefaultsAloneIsSeen) {
    EXPECT_THAT(takes("cpus = 1\n", "[network.lan]\n"), ElementsAre("network.lan.kind restart", "network.lan.backend restart"));
    EXPECT_THAT(takes("[network.lan]\nkind = \"tap\"\n", "cpus = 1\n"), ElementsAre("network.lan.kind restart"));
}

TEST(Comparison, AnImageGrowsByARestartAndNeverShrinks) {
    const std::string image = "[image]\npath = \"x\"\n";
    EXPECT_THAT(takes(image, image + "grow = \"2G\"\n"), ElementsAre("image.grow restart"));
    EXPECT_THAT(takes(image + "grow = \"1G\"\n", image + "grow = 2147483648\n"), ElementsAre("image.grow restart"));
    EXPECT_THAT(takes(image + "grow = \"2G\"\n", image + "grow = \"1G\"\n"), ElementsAre("image.grow new-image"));
    EXPECT_THAT(takes(image + "grow = \"2G\"\n", image), ElementsAre("image.grow restart"));
}

TEST(Comparison, WithoutARootThereIsNoImageToReplace) {
    const std::string kernel = "boot.linux = \"k\"\nboot.initrd = [\"i\"]\n";
    EXPECT_THAT(takes(kernel, kernel + "arch = \"aarch64\"\n"), ElementsAre("arch restart"));
    EXPECT_THAT(takes("image.path = \"x\"\n", "image.path = \"x\"\narch = \"aarch64\"\n"), ElementsAre("arch new-image"));
}

TEST(Comparison, OfASecretSaysOnlyThatItIsAnother) {
    const std::string before =
        "credentials.a = \"hidden-1\"\ncredentials.same = \"x\"\nsmbios = [\"io.systemd.credential:b=hidden-1\", \"plain\"]\n";
    const std::string after =
        "credentials.a = \"hidden-2\"\ncredentials.same = \"x\"\nsmbios = [\"io.systemd.credential:b=hidden-2\", \"plain\"]\n";
    EXPECT_EQ(compared(before, before), "");
    EXPECT_THAT(compared(before, after), AllOf(HasSubstr("(not shown) -> (not shown)\n"), HasSubstr("io.systemd.credential:b=…"),
                                               HasSubstr("2 differences"), Not(HasSubstr("hidden"))));
    const std::vector<std::string> flags{"--set-credential=c:hidden-3", "--smbios11=io.systemd.credential.binary:d=hidden-4"};
    EXPECT_THAT(compared(before, after, flags), AllOf(HasSubstr("--smbios11=…\n"), Not(HasSubstr("hidden"))));
    EXPECT_THAT(comparison_json(language(), kept(before), merged(after, flags), test_base, "web"),
                AllOf(HasSubstr("\"redacted\": true"), Not(HasSubstr("hidden"))));
}

TEST(Comparison, IsDataWithBothOrigins) {
    const auto json = nlohmann::json::parse(
        comparison_json(language(), kept("cpus = 2\n"), merged("kvm = \"auto\"\n", {"--vsock-cid=7", "--cpus=3"}), test_base, "web"));
    EXPECT_EQ(json["version"], 1);
    EXPECT_EQ(json["machine"], "web");
    const auto& cpus = json["changes"].at(0);
    EXPECT_EQ(cpus["key"], "cpus");
    EXPECT_EQ(cpus["from"]["value"], 2);
    EXPECT_EQ(cpus["from"]["origin"]["line"], 1);
    EXPECT_EQ(cpus["to"]["origin"]["argument"], "--cpus=3");
    EXPECT_TRUE(json["changes"].at(1)["from"].is_null());
}

TEST(Comparison, FitsEightyColumns) {
    const std::string path(300, 'p');
    const std::string name(64, 'n');
    const std::string text =
        compared("[image]\npath = \"a/" + path + "\"\n[drive." + name + "]\npath = \"x\"\n",
                 "[image]\npath = \"b/" + path + "\"\nprivate-users = \"1\"\n[drive." + name + "]\npath = \"y\"\ndisk-type = \"nvme\"\n",
                 {"--set=boot.cmdline=[\"" + path + "\"]"});
    std::istringstream lines(text);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count)
        EXPECT_LE(display_width(line), 80U) << line;
    EXPECT_GT(count, 20);
    EXPECT_THAT(text, HasSubstr("drive." + name + ".path"));
}

TEST(KeptDefinition, HoldsNoSecret) {
    const Merged values = merged(
        "credentials.a = \"hidden-1\"\ncredentials.b = { base64 = \"aGlkZGVu\" }\n"
        "credentials.c = { file = \"key\" }\nsmbios = [\"io.systemd.credential:b=hidden-2\"]\n",
        {"--set-credential=d:hidden-3", "-sio.systemd.credential:e=hidden-4"});
    const std::string text = to_json(keep_definition(language(), values, test_base, seal));
    EXPECT_THAT(text, AllOf(Not(HasSubstr("hidden")), Not(HasSubstr("aGlkZGVu")), HasSubstr("/srv/vm/key"), HasSubstr("credentials.d")));
    const std::string other = to_json(keep_definition(language(), values, test_base, {1, 3}));
    EXPECT_NE(text.substr(text.find("credentials.a")), other.substr(other.find("credentials.a"))) << "the hash has a key";
}

TEST(KeptDefinition, IsNotBelievedToBeWellFormed) {
    for (const char* nonsense : {"", "[", "7", "null", "{}", R"({"version":2,"values":[]})", R"({"version":"1","values":[]})"})
        EXPECT_FALSE(read_kept(language(), nonsense)) << nonsense;
    const std::string deep = R"({"key":"cpus","value":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    const std::string rows = R"(7,{},{"key":7,"value":1},{"key":"no.such","value":1},{"key":"a b","value":1},{"key":"cpus","value":null},)"
                             R"({"key":"ram","value":1.5},{"key":"kvm","value":true,"origin":7},)" +
                             deep + R"(,{"key":"name","value":"x","origin":{"kind":"file","file":7,"line":-1}})";
    const auto read = read_kept(language(), R"({"version":1,"seal":"x","values":[)" + rows + "]}");
    ASSERT_TRUE(read);
    std::vector<std::string> keys;
    for (const MergedValue& value : read->merged.values)
        keys.push_back(to_string(value.key));
    EXPECT_THAT(keys, ElementsAre("kvm", "name"));
    EXPECT_TRUE(read_kept(language(), R"({"version":1,"values":7})"));
}

}  // namespace
}  // namespace vmspawn
