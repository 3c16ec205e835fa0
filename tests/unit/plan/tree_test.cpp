// The plan as a tree, of every example: narrow, and each resource told once.
#include "base/text.hpp"
#include "examples.hpp"
#include "plan/print.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>

namespace vmspawn::test {
namespace {

std::size_t lines_that_tell(const std::string& tree, const std::string& id) {
    std::istringstream lines(tree);
    std::size_t told = 0;
    for (std::string line; std::getline(lines, line);)
        told += line.find("─ " + printable(id) + ": ") != std::string::npos || line.ends_with("─ " + printable(id) + ":") ? 1 : 0;
    return told;
}

TEST(Tree, EveryExampleFitsAndTellsEachOnce) {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(examples_folder());
    std::size_t drawn = 0;
    for (const auto& example : files_in(examples_folder(), ".vmspawn")) {
        const Plan plan = plan_example(example.filename(), tests_folder() / "hosts" / "kvm-root.json", "/root").plan;
        const std::string tree = plan_tree(plan);
        std::istringstream lines(tree);
        for (std::string line; std::getline(lines, line);)
            EXPECT_LE(display_width(line), 80U) << line;
        for (const Resource& resource : plan.resources)
            EXPECT_EQ(lines_that_tell(tree, resource.id), 1U) << example << resource.id << "\n" << tree;
        drawn += plan.resources.empty() ? 0 : 1;
    }
    std::filesystem::current_path(before);
    EXPECT_GT(drawn, 10U);
}

}  // namespace
}  // namespace vmspawn::test
