// What vmspawn prints of its own, and with which status it then ends.
#pragma once

#include "base/diagnostic.hpp"
#include "base/render.hpp"
#include "base/result.hpp"
#include "run/executor.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

/// Does the user want colours on this descriptor? SYSTEMD_COLORS and NO_COLOR decide, else whether it is a capable terminal.
Colour wanted_colour(int fd);
/// The last line of a help text: where more stands, as a link (OSC 8) where $SYSTEMD_URLIFY or the terminal wants it.
std::string manual_hint();

/// How a machine's messages are said: by $SYSTEMD_LOG_LEVEL, _TARGET and the others, as other programs of systemd.
RunOptions wanted_messages(bool quiet);

/// All of `text` on standard output; 0, or the errno of the write, said on stderr.
int print(std::string_view text);

/// The problems on stderr (`format` "json": as data), sorted by place. Their exit status; 0 when there are only warnings.
int report(Diagnostics found, std::string_view format);

/// "vmspawn: text" on stderr; returns `status`.
int complain(std::string_view text, int status);
int complain(const Failure& failure);

}  // namespace vmspawn
