// The completions, tried in the shells themselves.
#include "base/text.hpp"
#include "language/render_help.hpp"
#include "language/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vmspawn {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Words = std::vector<std::string>;

/// Lines that a shell command prints; a failure is a line too.
Words lines_of(const std::string& command) {
    std::FILE* stream = popen((command + " 2>&1").c_str(), "re");
    std::string text;
    std::array<char, 4096> part{};
    while (const std::size_t count = std::fread(part.data(), 1, part.size(), stream))
        text.append(part.data(), count);
    const int status = pclose(stream);
    Words lines;
    std::istringstream stream_of_lines(text);
    for (std::string line; std::getline(stream_of_lines, line);)
        lines.push_back(line);
    if (status != 0)
        lines.push_back("status " + std::to_string(status));
    return lines;
}

bool has_program(const std::string& name) {
    return lines_of("command -v " + name + " >/dev/null && echo yes") == Words{"yes"};
}

/// A directory with a definition, an image and a subdirectory, and the scripts.
class CompletionTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "vmspawn-completion-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        directory_ = name;
        std::filesystem::create_directory(directory_ / "sub");
        for (const char* file : {"a.vmspawn", "b.toml", "disk.raw"})
            std::ofstream(directory_ / file) << '\n';
        std::filesystem::create_directories(directory_ / "scripts/systemd/vmspawn/web-of-this-test");
        for (const char* shell : {"bash", "zsh", "fish"})
            std::ofstream(script(shell)) << completion_script(language(), shell);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] std::filesystem::path script(const std::string& shell) const { return directory_ / "scripts" / shell; }

    /// One machine runs.
    [[nodiscard]] std::string environment() const {
        return "env -i PATH=\"$PATH\" XDG_RUNTIME_DIR=" + (directory_ / "scripts").string() + " ";
    }

    /// What bash offers for the last of the words, which stand as bash itself splits them ("--kvm" "=" "y").
    [[nodiscard]] Words bash(const Words& words) const {
        std::string array = "vmspawn";
        for (const std::string& word : words)
            array += ' ' + shell_quote(word);
        const std::string code = "cd " + directory_.string() + "; source scripts/bash; COMP_WORDS=(" + array +
                                 "); COMP_CWORD=" + std::to_string(words.size()) + "; _vmspawn; printf '%s\\n' \"${COMPREPLY[@]}\"";
        Words lines = lines_of(environment() + "bash --norc -uc " + shell_quote(code));
        std::erase(lines, "");
        return lines;
    }

    [[nodiscard]] Words fish(const std::string& line) const {
        const std::string code = "cd " + directory_.string() + "; source scripts/fish; complete -C " + shell_quote(line);
        return lines_of(environment() + "HOME=" + directory_.string() + " fish --no-config -c " + shell_quote(code));
    }

    std::filesystem::path directory_;
};

TEST_F(CompletionTest, BashOffersVerbsFirst) {
    Words verbs;
    for (const VerbEntry& verb : language().verbs())
        verbs.push_back(verb.name);
    EXPECT_EQ(bash({""}), verbs);
    EXPECT_THAT(bash({"he"}), ElementsAre("help"));
    EXPECT_THAT(bash({"help", "com"}), ElementsAre("completion"));
    EXPECT_THAT(bash({"--v"}), ElementsAre("--version"));
}

TEST_F(CompletionTest, BashOffersTheFlagsOfTheVerb) {
    EXPECT_THAT(bash({"run", "--tpm"}), ElementsAre("--tpm=", "--tpm-state="));
    EXPECT_THAT(bash({"run", "--eph"}), ElementsAre("--ephemeral"));
    EXPECT_THAT(bash({"check", "--t"}), IsEmpty());
    EXPECT_THAT(bash({"plan", "--h"}), ElementsAre("--host=", "--help", "--hotplug-ports="));
    EXPECT_THAT(bash({"-q", "run", "--cpu"}), ElementsAre("--cpus="));
}

TEST_F(CompletionTest, BashOffersTheValuesOfAFlag) {
    EXPECT_THAT(bash({"run", "--kvm", "="}), ElementsAre("yes", "no", "auto"));
    EXPECT_THAT(bash({"run", "--kvm", "=", "y"}), ElementsAre("yes"));
    EXPECT_THAT(bash({"run", "--kvm", "y"}), ElementsAre("yes"));
    EXPECT_THAT(bash({"run", "--console", "=", "he"}), ElementsAre("headless"));
    EXPECT_THAT(bash({"run", "-i", "d"}), ElementsAre("disk.raw"));
    EXPECT_THAT(bash({"run", "--image", "=", "disk"}), ElementsAre("disk.raw"));
    EXPECT_THAT(bash({"run", "-D", ""}), testing::UnorderedElementsAre("scripts", "sub"));
    EXPECT_THAT(bash({"run", "--tpm-state", "=", ""}), testing::UnorderedElementsAre("auto", "off", "scripts", "sub"));
    EXPECT_THAT(bash({"run", "--bind-user", "=", "roo"}), ElementsAre("root"));
    EXPECT_THAT(bash({"run", "--cpus", "=", ""}), IsEmpty());
}

TEST_F(CompletionTest, BashOffersDefinitionsAndKeys) {
    EXPECT_THAT(bash({"run", ""}), testing::UnorderedElementsAre("a.vmspawn", "b.toml", "scripts", "sub"));
    EXPECT_THAT(bash({"check", "a.vmspawn", "b"}), ElementsAre("b.toml"));
    EXPECT_THAT(bash({"explain", "tpm"}), ElementsAre("tpm.enabled", "tpm.state"));
    EXPECT_THAT(bash({"explain", "ram", "a"}), ElementsAre("a.vmspawn"));
    EXPECT_THAT(bash({"run", "--set", "tpm"}), ElementsAre("tpm.enabled=", "tpm.state="));
    EXPECT_THAT(bash({"run", "--unset", "=", "tpm.e"}), ElementsAre("tpm.enabled"));
    EXPECT_THAT(bash({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
    EXPECT_THAT(bash({"schema", ""}), IsEmpty());
    EXPECT_THAT(bash({"run", "a.vmspawn", "--", "--t"}), IsEmpty());
}

TEST_F(CompletionTest, BashOffersMachinesThatRun) {
    EXPECT_THAT(bash({"stop", "web-of"}), ElementsAre("web-of-this-test"));
    EXPECT_THAT(bash({"plan", "--against", "=", "web-of"}), ElementsAre("web-of-this-test"));
    EXPECT_THAT(bash({"run", "--machine", "=", "web-of"}), IsEmpty());
}

TEST_F(CompletionTest, FishOffersTheSame) {
    if (!has_program("fish"))
        GTEST_SKIP() << "fish is not installed";
    EXPECT_THAT(fish("vmspawn "), AllOf(Contains(StartsWith("run\t")), Contains(StartsWith("completion\t"))));
    EXPECT_THAT(fish("vmspawn run --tpm"), ElementsAre(StartsWith("--tpm\t"), StartsWith("--tpm-state\t")));
    EXPECT_THAT(fish("vmspawn run --kvm="), ElementsAre(StartsWith("--kvm=auto"), StartsWith("--kvm=no"), StartsWith("--kvm=yes")));
    EXPECT_THAT(fish("vmspawn run -i di"), Contains(StartsWith("disk.raw")));
    EXPECT_THAT(fish("vmspawn run --image=di"), Contains(StartsWith("--image=disk.raw")));
    EXPECT_THAT(fish("vmspawn check --t"), Not(Contains(StartsWith("--tpm"))));
    EXPECT_THAT(fish("vmspawn host --format="), ElementsAre(StartsWith("--format=json"), StartsWith("--format=text")));
    EXPECT_THAT(fish("vmspawn explain tpm.e"), Contains("tpm.enabled"));
    EXPECT_THAT(fish("vmspawn run --unset=tpm.e"), Contains(StartsWith("--unset=tpm.enabled")));
    EXPECT_THAT(fish("vmspawn plan --against=web-of"), Contains(StartsWith("--against=web-of-this-test")));
    EXPECT_THAT(fish("vmspawn run a.vm"), Contains(StartsWith("a.vmspawn")));
}

TEST_F(CompletionTest, ZshTakesTheScript) {
    if (!has_program("zsh"))
        GTEST_SKIP() << "zsh is not installed";
    EXPECT_THAT(lines_of("zsh -f -n " + script("zsh").string()), IsEmpty());
}

TEST_F(CompletionTest, OtherShellsGetNothing) {
    EXPECT_EQ(completion_script(language(), "tcsh"), "");
}

}  // namespace
}  // namespace vmspawn
