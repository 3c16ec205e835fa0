#include "config/layers.hpp"

#include "temporary.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// The trees as TOML, lowest first.
std::vector<std::string> layers(const std::string& file, const std::string& profile = "", const std::string& home = "") {
    Diagnostics found;
    const Layers got = read_layers(language(), file, profile, FromDefault{}, found, home);
    EXPECT_TRUE(found.empty()) << render(found, Colour::no);
    std::vector<std::string> out;
    for (const Table& tree : got.trees)
        out.push_back(to_toml({tree, FromDefault{}}));
    return out;
}

std::string problems(const std::string& file, const std::string& profile = "") {
    Diagnostics found;
    read_layers(language(), file, profile, FromArgument{1, "--profile=" + profile, 10, 10 + profile.size()}, found);
    return render(found, Colour::no);
}

TEST(Layers, WithoutAFileAreNone) {
    EXPECT_TRUE(layers("").empty());
}

TEST(Layers, IncludesStandBelowInOrderEachAfterItsOwn) {
    const Temporary folder;
    folder.file("parts/a", "include = [\"deep/c\"]\ncpus = 1\n");
    folder.file("parts/deep/c", "cpus = 3\n");
    folder.file("parts/b", "cpus = 2\n");
    EXPECT_THAT(layers(folder.file("main", "include = [\"parts/a\", \"parts/b\"]\ncpus = 4\n")),
                ElementsAre("{ cpus = 3 }", "{ cpus = 1 }", "{ cpus = 2 }", "{ cpus = 4 }"));
}

TEST(Layers, NamesTheDefinition) {
    const Temporary folder;
    Diagnostics found;
    const Layers got = read_layers(language(), folder.file("x/../main", ""), "", FromDefault{}, found);
    EXPECT_EQ(got.file, folder.path() / "main");
    EXPECT_EQ(got.name, (folder.path() / "x/../main").string());
}

TEST(Layers, HomeIsTheCallers) {
    const Temporary folder;
    folder.file("home/base", "cpus = 3\n");
    const std::string file = folder.file("main", "include = [\"~/base\"]\n");
    EXPECT_THAT(layers(file, "", folder.path() / "home"), ElementsAre("{ cpus = 3 }", "{}"));
    EXPECT_THAT(problems(file), HasSubstr("home directory is not known"));
}

TEST(Layers, TheProfileStandsAboveAllFiles) {
    const Temporary folder;
    folder.file("base", "cpus = 1\n[profile.ci]\ncpus = 10\n[profile.other]\ncpus = 20\n");
    const std::string file = folder.file("main", "include = [\"base\"]\ncpus = 2\n[profile.ci]\nram = \"1G\"\n");
    EXPECT_THAT(layers(file, "ci"), ElementsAre("{ cpus = 1 }", "{ cpus = 2 }", "{ cpus = 10 }", "{ ram = \"1G\" }"));
    EXPECT_THAT(layers(file, "other"), ElementsAre("{ cpus = 1 }", "{ cpus = 2 }", "{ cpus = 20 }"));
    EXPECT_THAT(layers(file), ElementsAre("{ cpus = 1 }", "{ cpus = 2 }"));
}

TEST(Layers, AnUnknownProfileIsAnError) {
    const Temporary folder;
    const std::string file = folder.file("main", "[profile.ci]\n[profile.gui]\n");
    EXPECT_THAT(problems(file, "gi"), HasSubstr("did you mean"));
    EXPECT_THAT(problems(file, "nightly"), HasSubstr("expected one of ci or gui"));
    EXPECT_THAT(problems("", "ci"), HasSubstr("unknown profile 'ci'"));
    EXPECT_THAT(problems(folder.path() / "none", "ci"), testing::Not(HasSubstr("unknown profile")));
}

TEST(Layers, ACycleShowsItsRing) {
    const Temporary folder;
    folder.file("a", "include = [\"b\"]\n");
    folder.file("b", "include = [\"a\"]\n");
    const std::string text = problems(folder.file("main", "include = [\"a\"]\n"));
    const std::string in = folder.path().string() + "/";
    EXPECT_THAT(text, HasSubstr(fmt::format("{0}b:1:12: error: include cycle: {0}a -> {0}b -> {0}a\n", in)));
}

TEST(Layers, ACycleThroughALinkIsOne) {
    const Temporary folder;
    const std::string file = folder.file("main", "include = [\"link\"]\n");
    std::filesystem::create_symlink("main", folder.path() / "link");
    EXPECT_THAT(problems(file), HasSubstr("include cycle"));
}

TEST(Layers, TheSameFileTwiceIsNoCycle) {
    const Temporary folder;
    folder.file("base", "cpus = 1\n");
    folder.file("a", "include = [\"base\"]\n");
    folder.file("b", "include = [\"./base\"]\ncpus = 2\n");
    EXPECT_THAT(layers(folder.file("main", "include = [\"a\", \"b\", \"base\"]\n")),
                ElementsAre("{ cpus = 1 }", "{}", "{ cpus = 1 }", "{ cpus = 2 }", "{ cpus = 1 }", "{}"));
}

TEST(Layers, AFileIncludedTwiceIsJudgedOnce) {
    const Temporary folder;
    folder.file("base", "cpus = 0\n");
    const std::string text = problems(folder.file("main", "include = [\"base\", \"./base\"]\n"));
    EXPECT_EQ(text.find("below the minimum"), text.rfind("below the minimum"));
}

TEST(Layers, AMissingIncludeIsErrno2AtItsPlace) {
    const Temporary folder;
    Diagnostics found;
    read_layers(language(), folder.file("main", "include = [\"none\"]\n"), "", FromDefault{}, found);
    EXPECT_EQ(found.status(), ENOENT);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(span(found.begin()->at), "1:12-1:18");
}

TEST(Layers, DoNotNestWithoutEnd) {
    const Temporary folder;
    for (int i = 0; i < 40; ++i)
        folder.file(fmt::format("f{}", i), fmt::format("include = [\"f{}\"]\n", i + 1));
    EXPECT_THAT(problems(folder.path() / "f0"), HasSubstr("includes nest more than 32 levels deep"));
}

TEST(Layers, AreNotReadWithoutEnd) {
    const Temporary folder;
    for (int i = 0; i < 30; ++i)  // without a limit 2^30 layers
        folder.file(fmt::format("f{}", i), fmt::format("include = [\"f{0}\", \"f{0}\"]\n", i + 1));
    folder.file("f30", "cpus = 2\n");
    EXPECT_THAT(problems(folder.path() / "f0"), HasSubstr("more than 256 files are included"));
}

}  // namespace
}  // namespace vmspawn
