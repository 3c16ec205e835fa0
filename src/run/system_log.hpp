// The host's logs, for messages that are not to be on standard error.
#pragma once

#include "base/fd.hpp"
#include "run/executor.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmspawn {

/// A line of this program. clang 14 has no std::source_location.
struct SourceLine {
    const char* file;
    unsigned line;
    static constexpr SourceLine current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) { return {file, line}; }
};

class SystemLog {
public:
    explicit SystemLog(const RunOptions& options) : options_(options) {}

    /// One message of that syslog(3) level, to the journal, the kernel's log or nowhere. What they do not take is lost.
    void say(int level, std::string_view text, std::string_view detail, const SourceLine& place);

    /// What the options want before each message: "[4711] run/verdict.cpp:12: ".
    [[nodiscard]] std::string origin(const SourceLine& place) const;

private:
    RunOptions options_;
    Fd kmsg_;
    std::uint64_t window_ = 0;  ///< when it began, in seconds
    unsigned said_ = 0;         ///< in that window

    bool too_many();
};

}  // namespace vmspawn
