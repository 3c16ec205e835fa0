// Looks at a disk image and at all that it rests on.
#pragma once

#include "host/host.hpp"

#include <map>
#include <string>

namespace vmspawn {

/// So many images may stand on each other; what lies deeper is not looked at.
constexpr std::size_t longest_chain = 32;

/// An absolute path without links; empty where it leads nowhere.
std::string without_links(const std::string& path);

/// Adds the answer about `path`, and about each file that a qcow2 header names. Nothing is opened twice, so a ring ends.
void probe_disk(const std::string& path, std::map<std::string, FileAnswer>& files);

}  // namespace vmspawn
