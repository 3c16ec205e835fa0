// Images by name in recorded hosts. Private to this folder.
#pragma once

#include "host/host.hpp"
#include "host/json_reader.hpp"
#include "host/path_writer.hpp"

namespace vmspawn::recorded {

/// The member "images", left out when no name was looked up.
void write_images(json& record, const Host& host, const PathWriter& paths);
void read_images(ObjectReader& record, Host& host, const PathReader& paths);

}  // namespace vmspawn::recorded
