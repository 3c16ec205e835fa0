// Firmware in recorded hosts. Private to this folder.
#pragma once

#include "host/host.hpp"
#include "host/json_reader.hpp"
#include "host/path_writer.hpp"

namespace vmspawn::recorded {

void write_firmware(json& record, const Host& host, const PathWriter& paths);
void read_firmware(ObjectReader& record, Host& host, const PathReader& paths);

}  // namespace vmspawn::recorded
