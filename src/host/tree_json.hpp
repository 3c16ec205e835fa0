// Trees in recorded hosts. Private to this folder.
#pragma once

#include "host/host.hpp"
#include "host/json_reader.hpp"
#include "host/path_writer.hpp"

namespace vmspawn::recorded {

/// The member "trees", left out when no tree was looked at.
void write_trees(json& record, const Host& host, const PathWriter& paths);
void read_trees(ObjectReader& record, Host& host, const PathReader& paths);

}  // namespace vmspawn::recorded
