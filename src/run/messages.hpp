// What vmspawn says of a machine: on standard error, or where $SYSTEMD_LOG_TARGET wants it.
#pragma once

#include "run/executor.hpp"
#include "run/system_log.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vmspawn {

/// What stands in the last line of an output: `controls`, an escape sequence may have been begun in it, too.
enum class Unfinished { nothing, text, controls };
/// With these bytes more.
Unfinished unfinished_after(Unfinished before, std::string_view bytes);

class Messages {
public:
    explicit Messages(const RunOptions& options, int fd = 2);

    void status(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());  ///< not with --quiet
    void warning(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());
    void error(std::string_view text, std::string_view detail = "", SourceLine place = SourceLine::current());
    /// What another vmspawn has said: `lines`, the first and its details, at a level of syslog(3).
    void repeat(int level, std::string_view lines, SourceLine place = SourceLine::current());

    /// A line that stands until the next message, or the next such line; an empty one takes it away. Only where the terminal takes lines
    /// back, and not with --quiet. Of a text that is too long the end is left out, never of `end`.
    void progress(std::string_view text, std::string_view end = "");

    /// The terminal is raw: lines end with \r\n.
    void set_raw(bool raw) { raw_ = raw; }
    /// Of the console's output, where it shares the terminal with us.
    void set_unfinished(Unfinished unfinished) { unfinished_ = unfinished; }
    /// Takes a message that is to follow what else is on its way to the same terminal; null, or false: nothing is, it can be written.
    using Queue = std::function<bool(std::string_view text)>;
    void set_queue(Queue queue) { queue_ = std::move(queue); }
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
    bool progress_shown_ = false;
    Unfinished unfinished_ = Unfinished::nothing;
    Queue queue_;
    std::string background_;
    SystemLog log_;
    Witness witness_;
    std::string last_error_;

    void say(int level, std::string_view colour, std::string_view text, std::string_view detail, const SourceLine& place);
};

}  // namespace vmspawn
