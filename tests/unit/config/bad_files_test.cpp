// Each tests/bad/NAME.vmspawn against tests/bad/NAME.expected, byte for byte. A first line "# arguments: …" gives flags to read it with.
#include "diagnose.hpp"
#include "golden.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vmspawn {
namespace {

std::vector<std::string> bad_files() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(TEST_SOURCE_DIR) / "tests" / "bad"))
        if (entry.path().extension() == ".vmspawn")
            names.push_back(entry.path().stem().string());
    std::ranges::sort(names);
    return names;
}

std::vector<std::string> command_line(const std::string& file) {
    std::vector<std::string> words = {"run", file};
    std::ifstream text(file);
    std::string line;
    std::getline(text, line);
    constexpr std::string_view marker = "# arguments: ";
    if (line.starts_with(marker)) {
        std::istringstream flags(line.substr(marker.size()));
        for (std::string word; flags >> word;)
            words.push_back(word);
    }
    return words;
}

class BadFile : public testing::TestWithParam<std::string> {};

TEST_P(BadFile, GivesItsExactDiagnostics) {
    const auto expected = enter_bad_files() / (GetParam() + ".expected");
    const Diagnostics found = judge_command_line(command_line(GetParam() + ".vmspawn"));
    const std::string said = render(found, Colour::no);
    EXPECT_TRUE(found.has_errors());
    if (updates_golden())
        write_all(expected, said);
    EXPECT_EQ(said, read_all(expected)) << "to accept: UPDATE_GOLDEN=1 unit-config";
}

INSTANTIATE_TEST_SUITE_P(All, BadFile, testing::ValuesIn(bad_files()), [](const auto& each) {
    std::string name = each.param;
    std::ranges::replace(name, '-', '_');
    return name;
});

TEST(BadFiles, AreMany) {
    EXPECT_GE(bad_files().size(), 60U);
}

TEST(BadFiles, NoExpectationIsLeftOver) {
    for (const auto& entry : std::filesystem::directory_iterator(enter_bad_files())) {
        const std::filesystem::path& path = entry.path();
        EXPECT_TRUE(path.extension() != ".expected" || std::filesystem::exists(path.stem().string() + ".vmspawn")) << path;
    }
}

}  // namespace
}  // namespace vmspawn
