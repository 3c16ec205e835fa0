// Looks at one path.
#pragma once

#include "host/host.hpp"

#include <string>

namespace vmspawn {

/// Never blocks on a FIFO and changes nothing.
FileAnswer probe_file(const std::string& path);

}  // namespace vmspawn
