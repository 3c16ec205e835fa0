#include "run/escape_keys.hpp"

#include <algorithm>

namespace vmspawn {

bool EscapeKeys::typed(std::string_view bytes, Clock::time_point now) {
    bool complete = false;
    for (const char byte : bytes)
        complete |= complete_with(byte, now);
    return complete;
}

bool EscapeKeys::complete_with(char byte, Clock::time_point now) {
    if (byte != key) {
        count_ = 0;
        return false;
    }
    // Keep the last presses only: a slow first one must not spoil three quick ones after it.
    if (count_ == times)
        std::shift_left(pressed_.begin(), pressed_.end(), 1);
    else
        ++count_;
    pressed_[count_ - 1] = now;
    return count_ == times && now - pressed_.front() <= within;
}

}  // namespace vmspawn
