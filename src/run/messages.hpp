// What vmspawn says on standard error.
#pragma once

#include "run/executor.hpp"

#include <string>
#include <string_view>

namespace vmspawn {

class Messages {
public:
    explicit Messages(const RunOptions& options, int fd = 2);

    void status(std::string_view text, std::string_view detail = "");  ///< not with --quiet
    void warning(std::string_view text, std::string_view detail = "");
    void error(std::string_view text, std::string_view detail = "");

    /// The terminal is raw: lines end with \r\n.
    void set_raw(bool raw) { raw_ = raw; }
    /// The console's last byte was not the end of a line, and it shares the terminal with us.
    void set_mid_line(bool mid_line) { mid_line_ = mid_line; }

private:
    RunOptions options_;
    int fd_;
    bool raw_ = false;
    bool mid_line_ = false;

    void say(std::string_view colour, std::string_view text, std::string_view detail);
};

}  // namespace vmspawn
