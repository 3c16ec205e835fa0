// A program that does one thing and ends, and one that serves for a moment.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/spawn.hpp"

#include <functional>
#include <string>
#include <vector>

namespace vmspawn {

/// A running tool whose output we read.
class Tool {
public:
    /// `descriptors` become 3, 4, …
    static Result<Tool> start(const std::string& program, std::vector<std::string> arguments, std::vector<int> descriptors,
                              bool no_new_privileges = true);

    /// Until it has said `text` or ended, which is a failure with its last words. `slow` is called each second.
    Result<void> wait_for(const std::string& text, const std::function<void()>& slow);
    /// Until its end. EIO with its last words when its status is not 0; ENOSPC where it says so.
    Result<void> finish(const std::function<void()>& slow);
    /// SIGTERM, and its end.
    Result<void> stop();

private:
    std::string name_;
    Child child_;
    Fd output_;
    std::string said_;  ///< the last of it

    bool read_some(const std::function<void()>& slow);
    Result<void> reap();
};

}  // namespace vmspawn
