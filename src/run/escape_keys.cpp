#include "run/escape_keys.hpp"

#include <algorithm>

namespace vmspawn {

std::optional<HotKey> EscapeKeys::typed(std::string& bytes, Clock::time_point now) {
    std::optional<HotKey> last;
    std::erase_if(bytes, [&](char byte) {
        const std::optional<HotKey> found = byte == key ? pressed(now) : letter(byte, now);
        last = found ? found : last;
        return found && byte != key;
    });
    return last;
}

std::optional<HotKey> EscapeKeys::pressed(Clock::time_point now) {
    // Keep the last presses only: a slow first one must not spoil three quick ones after it.
    if (count_ == times)
        std::shift_left(pressed_.begin(), pressed_.end(), 1);
    else
        ++count_;
    pressed_[count_ - 1] = now;
    return scope_ == Scope::all && count_ == times && now - pressed_.front() <= within ? std::optional(HotKey::end) : std::nullopt;
}

std::optional<HotKey> EscapeKeys::letter(char byte, Clock::time_point now) {
    const bool quick = count_ >= 2 && now - pressed_[count_ - 2] <= within;
    count_ = 0;
    if (!quick || (scope_ == Scope::detaching && byte != ']'))
        return std::nullopt;
    switch (byte) {
        case 'p':
            return HotKey::power_off;
        case 'r':
            return HotKey::reboot;
        case '?':
            return HotKey::help;
        case ']':
            return HotKey::detach;
        default:
            return std::nullopt;
    }
}

}  // namespace vmspawn
