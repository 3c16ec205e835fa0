#include "base/plain_text.hpp"

namespace vmspawn {

namespace {

constexpr char escape_byte = '\033';
constexpr char bell = '\a';

bool is_shown(char byte) {
    const auto code = static_cast<unsigned char>(byte);
    return byte == '\n' || byte == '\t' || (code >= 0x20 && code != 0x7F);
}

}  // namespace

/// The byte after an escape.
void PlainText::escaped(char byte) {
    if (byte == '[')
        state_ = State::sequence;
    else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_')
        state_ = State::string;
    else if (byte < 0x20 || byte > 0x2F)  // those between are followed by more
        state_ = State::text;
}

std::string PlainText::pass(std::string_view bytes) {
    std::string shown;
    for (const char byte : bytes) {
        if (byte == escape_byte) {
            state_ = state_ == State::string ? State::end_of_string : State::escape;
            continue;
        }
        if (byte == '\n')  // what was never ended must not hide all that follows
            state_ = State::text;
        switch (state_) {
            case State::text:
                if (is_shown(byte))
                    shown += byte;
                break;
            case State::escape:
                escaped(byte);
                break;
            case State::sequence:
                if (byte >= 0x40 && byte <= 0x7E)
                    state_ = State::text;
                break;
            case State::string:
                if (byte == bell)
                    state_ = State::text;
                break;
            case State::end_of_string:
                if (byte == '\\')
                    state_ = State::text;
                else {  // another sequence broke the string off
                    state_ = State::escape;
                    escaped(byte);
                }
                break;
        }
    }
    return shown;
}

}  // namespace vmspawn
