// The examples of the tree, planned for the hosts recorded in tests/hosts.
#pragma once

#include "base/diagnostic.hpp"
#include "model/errand.hpp"
#include "plan/plan.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vmspawn::test {

namespace fs = std::filesystem;

fs::path tests_folder();
fs::path examples_folder();

std::string read_file(const fs::path& path);
std::vector<fs::path> files_in(const fs::path& folder, const std::string& extension);  ///< sorted

struct Outcome {
    Plan plan;
    Diagnostics found;

    [[nodiscard]] std::string text() const;  ///< the problems, then the plan when there is one
};

/// `name` in the working directory, on the host recorded in `record`, for a user whose home is `home`.
Outcome plan_example(const std::string& name, const fs::path& record, const fs::path& home, const Errand& errand = {});

}  // namespace vmspawn::test
