// What vmspawn says of a machine: on standard error, or where $SYSTEMD_LOG_TARGET wants it.
#pragma once

#include "run/executor.hpp"
#include "run/system_log.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vmspawn {

class Messages {
public:
    explicit Messages(const RunOptions& options, int fd = 2);

    void status(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());  ///< not with --quiet
    void warning(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());
    void error(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());
    /// What another vmspawn has said: `lines`, the first and its details, at a level of syslog(3).
    void repeat(int level, std::string_view lines, SourceLine place = SourceLine::current());

    /// The terminal is raw: lines end with \r\n.
    void set_raw(bool raw) { raw_ = raw; }
    /// The console's last byte was not the end of a line, and it shares the terminal with us.
    void set_mid_line(bool mid_line) { mid_line_ = mid_line; }
    /// The escape sequence of the colour that the terminal has besides; it goes with the end of every other.
    void set_background(std::string sequence) { background_ = std::move(sequence); }
    /// Who is told as well, whatever --quiet and levels leave out here; null: nobody. `level` as syslog(3) has it.
    using Witness = std::function<void(int level, std::string_view text, std::string_view detail)>;
    void set_witness(Witness witness) { witness_ = std::move(witness); }
    /// The last error with its first details, each on a line; empty: none was said.
    [[nodiscard]] const std::string& last_error() const { return last_error_; }

private:
    RunOptions options_;
    int fd_;
    bool raw_ = false;
    bool mid_line_ = false;
    std::string background_;
    SystemLog log_;
    Witness witness_;
    std::string last_error_;

    void say(int level, std::string_view colour, std::string_view text, std::string_view detail, const SourceLine& place);
};

}  // namespace vmspawn
