// Where firmware descriptors are.
#pragma once

#include "host/firmware.hpp"

#include <map>
#include <string>
#include <vector>

namespace vmspawn {

/// The most specific first: of the user, of the administrator, of packages. `environment` holds HOME and XDG_…; a path that is not
/// absolute counts as not set.
std::vector<std::string> firmware_directories(const std::map<std::string, std::string>& environment);

/// Every *.json of the directories, by file name; of one name the earlier directory's counts, and hides the others also when it is
/// empty or /dev/null. Those that cannot be read or used are there with their problem.
std::vector<Firmware> find_firmware(const std::vector<std::string>& directories);

/// With a problem when it cannot be read.
Firmware read_firmware(const std::string& path);

}  // namespace vmspawn
