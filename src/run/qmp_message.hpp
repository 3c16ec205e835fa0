// One line of QMP, read and written. Pure.
#pragma once

#include "run/supervisor.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace vmspawn {

struct QmpGreeting {};
struct QmpReply {
    int id = 0;
    std::string error;     ///< QEMU's words; empty: it worked
    std::string status;    ///< `status` of what was returned, if it has one
    bool running = false;  ///< `running` of it
};
struct QmpMalformed {
    std::string problem;
};
using QmpMessage = std::variant<QmpGreeting, QmpReply, QmpEvent, QmpMalformed>;

/// Never throws, whatever the bytes are. Deep nesting is malformed.
QmpMessage parse_qmp(std::string_view line);

/// {"execute":"NAME","id":N} with its newline, and with arguments if there are any: a JSON object.
std::string qmp_command(std::string_view name, int id, std::string_view arguments = "");

}  // namespace vmspawn
