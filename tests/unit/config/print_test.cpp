#include "config/print.hpp"

#include "definition.hpp"
#include "machine_text.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace vmspawn {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string toml(const std::string& text, const std::vector<std::string>& flags = {}) {
    return show_toml(language(), merged(text, flags), test_base);
}

Machine machine_of(const Merged& values, const PathBase& base) {
    Diagnostics found;
    return decode(values, base, found).machine;
}

/// What is shown, read back from the same directory, is the same machine; shown again it is the same text.
void expect_round_trip(const Merged& values, const PathBase& base) {
    const std::string shown = show_toml(language(), values, base);
    const Merged again = merged(shown);
    EXPECT_EQ(machine_text(machine_of(again, base)), machine_text(machine_of(values, base))) << shown;
    EXPECT_EQ(show_toml(language(), again, base), shown);
}

TEST(ShowToml, LeavesDefaultsOutAndSaysTheName) {
    EXPECT_EQ(toml("cpus = 1\n[image]\npath = \"a.raw\"\n"), "name = \"dev\"\ncpus = 1\n\n[image]\npath = \"/srv/vm/a.raw\"\n");
}

TEST(ShowToml, ShowsDefaultsAsComments) {
    const Merged values = merged("kvm = false\n[image]\npath = \"a.raw\"\n[drive.x]\npath = \"b\"\n");
    const std::string text = show_toml(language(), values, test_base, Defaults::shown);
    for (const char* line : {"\nkvm = false\n", "\n# ram = \"2G\"\n", "[image]\npath = \"/srv/vm/a.raw\"\n# format = \"raw\"\n",
                             "[drive.x]\npath = \"/srv/vm/b\"\n# format = \"raw\"\n", "\n[ssh]\n# pass-key = true\n"})
        EXPECT_THAT(text, HasSubstr(line));
    EXPECT_EQ(machine_text(machine_of(merged(text), test_base)), machine_text(machine_of(values, test_base)));
}

TEST(ShowToml, MakesPathsAbsolute) {
    const std::string shown = toml(std::string(full_definition), {"--initrd=c.cpio"});
    for (const char* line :
         {"path = \"/srv/vm/disk.raw\"", "directory = \"/srv/tree\"", R"(initrd = ["/srv/vm/a.cpio", "/b.cpio", "/cwd/c.cpio"])",
          "firmware = \"/srv/vm/fw.json\"", "state = \"/home/ann/tpm\"", R"("a.file" = { file = "/srv/vm/key.pub" })", "[mount.\"a b\"]",
          "shell = \"/bin/sh\"", "log = \"/srv/vm/console.log\""})
        EXPECT_THAT(shown, HasSubstr(line));
}

TEST(ShowToml, TheFullDefinitionComesBack) {
    expect_round_trip(merged(std::string(full_definition)), test_base);
}

TEST(ShowToml, FlagsAndOddNamesComeBack) {
    expect_round_trip(merged("[drive.\"a.b c\"]\npath = \"x\"\n[network.z]\n[network.a]\nkind = \"tap\"\n",
                             {"--set-credential=bin:\\x00\\xff", "--bind=/srv:/work", "--forward=80:80", "--qemu-arg=-x", "--cpus=3",
                              "--set", "boot.cmdline=[\"a\\\"b\", \"ü\"]", "--ram=1G:2G:3"}),
                      test_base);
}

TEST(ShowToml, WhatIsMeantWithoutAFileIsSaid) {
    EXPECT_EQ(toml(""), "name = \"cwd\"\n\n[image]\ndirectory = \"/cwd\"\n");
    expect_round_trip(merged(""), test_base);
    EXPECT_EQ(toml("", {"--machine=fedora"}), "name = \"fedora\"\n");
}

TEST(ShowToml, ACredentialThatIsPassedOnIsOnlyMentioned) {
    const std::string shown = toml("[image]\npath = \"a\"\n", {"--load-credential=id:name"});
    EXPECT_THAT(shown, HasSubstr("# credentials.id is passed on by --load-credential"));
    merged(shown);
}

/// An example, as `vmspawn show FILE --profile=PROFILE` has it; it must be free of problems.
Merged example(const std::filesystem::path& file, const std::string& profile = "") {
    Diagnostics found;
    Layers layers = read_layers(language(), file.string(), profile, FromDefault{}, found, "/home/ann");
    Merged values = merge(language(), std::move(layers), Invocation{}, found);
    decode(values, test_base, found);
    for (const Diagnostic& problem : found)
        ADD_FAILURE() << file << " " << profile << ": " << problem.summary;
    return values;
}

const std::filesystem::path examples = TEST_SOURCE_DIR "/examples";

TEST(ShowToml, TheExamplesComeBack) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(examples))
        if (entry.path().extension() == ".vmspawn") {
            expect_round_trip(example(entry.path()), test_base);
            ++count;
        }
    EXPECT_GE(count, 6U);
}

TEST(ShowToml, ProfilesOfAnExampleComeBack) {
    for (const char* profile : {"debug", "service"})
        expect_round_trip(example(examples / "profiles.vmspawn", profile), test_base);
    const std::string debug = show_toml(language(), example(examples / "profiles.vmspawn", "debug"), test_base);
    EXPECT_THAT(debug, HasSubstr("cmdline = [\"debug\", \"loglevel=7\"]"));
    EXPECT_THAT(debug, HasSubstr("ram = \"2G\""));
    EXPECT_THAT(debug, HasSubstr("cpus = 2"));
}

TEST(ShowJson, HasTheSameContent) {
    const auto json = nlohmann::json::parse(show_json(language(), merged(std::string(full_definition)), test_base));
    EXPECT_EQ(json["version"], 1);
    const auto& definition = json["definition"];
    EXPECT_EQ(definition["cpus"], 4);
    EXPECT_EQ(definition["kvm"], false);
    EXPECT_EQ(definition["image"]["path"], "/srv/vm/disk.raw");
    EXPECT_EQ(definition["boot"]["initrd"], nlohmann::json({"/srv/vm/a.cpio", "/b.cpio"}));
    EXPECT_EQ(definition["mount"]["a b"]["read-only"], true);
    EXPECT_EQ(definition["credentials"]["a.file"]["file"], "/srv/vm/key.pub");
}

TEST(ShowJson, ShowsDefaultsAsValues) {
    const auto json = nlohmann::json::parse(show_json(language(), merged("kvm = false\n"), test_base, Defaults::shown))["definition"];
    EXPECT_EQ(json["kvm"], false);
    EXPECT_EQ(json["ram"], "2G");
    EXPECT_EQ(json["tpm"]["enabled"], "auto");
}

TEST(ShowJson, HidesTheValuesOfCredentials) {
    const std::string text = show_json(
        language(),
        merged("[credentials]\na = \"secret\"\nb = { base64 = \"c2VjcmV0\" }\n", {"--set-credential=c:secret", "--load-credential=d:name"}),
        test_base);
    EXPECT_THAT(text, Not(HasSubstr("secret")));
    EXPECT_THAT(text, Not(HasSubstr("c2VjcmV0")));
    const auto credentials = nlohmann::json::parse(text)["definition"]["credentials"];
    for (const char* id : {"a", "b", "c"})
        EXPECT_EQ(credentials[id], nlohmann::json({{"redacted", true}})) << id;
    EXPECT_EQ(credentials["d"]["inherited"], "name");
}

TEST(ShowJson, KeepsAnEntryThatHoldsNothing) {
    const auto json = nlohmann::json::parse(show_json(language(), merged("[network.n]\n"), test_base));
    EXPECT_EQ(json["definition"]["network"]["n"], nlohmann::json::object());
}

}  // namespace
}  // namespace vmspawn
