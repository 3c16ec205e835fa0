// How plans and messages show places: nothing that depends on where a checkout or a home lies.
#pragma once

#include "base/origin.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace vmspawn {

/// Where a definition and a home lie.
struct Places {
    std::filesystem::path directory;  ///< shown as "."
    std::filesystem::path home;       ///< shown as "~"
};

/// "./disk.raw", "~/key.pub", else the path as it is.
std::string shown_path(const std::filesystem::path& path, const Places& places);

/// Where the path of a word OPTION=PATH begins; npos for other words.
std::size_t path_in_word(std::string_view word);
/// OPTION=PATH with its path as shown_path has it; other words as they are.
std::string shown_word(const std::string& word, const Places& places);

/// "hello.vmspawn:7:8", "--cpus=0", …; files by their path from the definition's directory.
std::string shown_origin(const Origin& origin, const Places& places);

}  // namespace vmspawn
