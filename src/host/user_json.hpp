// Users in recorded hosts. Private to this folder.
#pragma once

#include "host/host.hpp"
#include "host/json_reader.hpp"
#include "host/path_writer.hpp"

namespace vmspawn::recorded {

/// The member "users", left out when nobody asked for one. It holds no password and no hash of one.
void write_users(json& record, const Host& host, const PathWriter& paths);
void read_users(ObjectReader& record, Host& host, const PathReader& paths);

}  // namespace vmspawn::recorded
