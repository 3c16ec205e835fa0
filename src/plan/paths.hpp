// How plans and messages show places: nothing that depends on where a checkout or a home lies.
#pragma once

#include "base/origin.hpp"

#include <filesystem>
#include <string>

namespace vmspawn {

/// Where a definition and a home lie.
struct Places {
    std::filesystem::path directory;  ///< shown as "."
    std::filesystem::path home;       ///< shown as "~"
};

/// "./disk.raw", "~/key.pub", else the path as it is.
std::string shown_path(const std::filesystem::path& path, const Places& places);

/// "hello.vmspawn:7:8", "--cpus=0", …; files by their path from the definition's directory.
std::string shown_origin(const Origin& origin, const Places& places);

}  // namespace vmspawn
