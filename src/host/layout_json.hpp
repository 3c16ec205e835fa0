// Layouts of disks in recorded hosts. Private to this folder.
#pragma once

#include "host/host.hpp"
#include "host/json_reader.hpp"
#include "host/path_writer.hpp"

namespace vmspawn::recorded {

/// The member "layouts", left out when no disk was looked into.
void write_layouts(json& record, const Host& host, const PathWriter& paths);
void read_layouts(ObjectReader& record, Host& host, const PathReader& paths);

}  // namespace vmspawn::recorded
