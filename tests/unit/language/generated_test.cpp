// What is generated from the schema and committed is fresh.
#include "language/render_help.hpp"
#include "language/schema.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace vmspawn {
namespace {

TEST(GeneratedFiles, AreFresh) {
    for (const GeneratedFile& file : generated_files(language())) {
        std::ifstream stream(std::filesystem::path(TEST_SOURCE_DIR) / file.path, std::ios::binary);
        std::ostringstream stored;
        stored << stream.rdbuf();
        EXPECT_TRUE(stored.str() == file.text) << file.path << " is stale: run  cmake --build " << TEST_BINARY_DIR << " --target refresh";
    }
}

}  // namespace
}  // namespace vmspawn
