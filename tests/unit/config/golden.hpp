// Stored outputs: a test compares with them, UPDATE_GOLDEN=1 rewrites them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace vmspawn {

inline std::string read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline void write_all(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

inline bool updates_golden() {
    return std::getenv("UPDATE_GOLDEN") != nullptr;
}

/// tests/bad becomes the working directory, so that names in messages are the same on every machine.
inline std::filesystem::path enter_bad_files() {
    const std::filesystem::path folder = std::filesystem::path(TEST_SOURCE_DIR) / "tests" / "bad";
    std::filesystem::current_path(folder);
    return folder;
}

}  // namespace vmspawn
