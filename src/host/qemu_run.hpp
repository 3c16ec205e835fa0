// One short conversation with a program over its standard input and output, bounded in time and size.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct Conversation {
    int start_error = 0;     ///< errno, when the program could not even be started
    bool timed_out = false;  ///< it was ended because the time was over
    bool too_much = false;   ///< it was ended because it wrote more than is sensible
    std::string out;
    std::string err;  ///< the beginning of what it wrote there
};

/// Starts `program`, writes `input` at once, reads until the output ends or holds `last`. The program and its children are then killed.
Conversation converse(const std::string& program, const std::vector<std::string>& arguments, std::string_view input, std::string_view last,
                      std::chrono::milliseconds limit);

}  // namespace vmspawn
