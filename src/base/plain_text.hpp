// What a guest printed, without what it told the terminal.
#pragma once

#include <string>
#include <string_view>

namespace vmspawn {

/// Drops escape sequences and control characters but for new lines and tabs. Sequences may come in pieces.
class PlainText {
public:
    std::string pass(std::string_view bytes);

private:
    enum class State { text, escape, sequence, string, end_of_string };
    State state_ = State::text;

    void escaped(char byte);
};

}  // namespace vmspawn
