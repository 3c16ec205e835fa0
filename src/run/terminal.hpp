// The caller's terminal in raw mode, and back again on every way out.
#pragma once

#include <string_view>

namespace vmspawn {

/// It is a terminal, and this process no job of its background, which the terminal would stop.
bool is_in_front(int terminal);

/// It is a terminal that knows escape sequences, as $TERM has it.
bool takes_sequences(int terminal);

/// As much as it takes now, without waiting: of what stands in its way already it may take nothing.
void say_at_once(int terminal, std::string_view text);

/// What a terminal gets at the end.
struct Farewell {
    int fd = -1;
    std::string_view text;  ///< at most 256 bytes; empty: none
};

enum class TypingMode {
    raw,    ///< every byte comes as it is typed, and none does anything else
    quiet,  ///< only lines are not made and nothing is echoed: keys that send signals still do
};

/// At most one at a time. Restores in its destructor, and before a signal that kills this process takes effect.
class RawTerminal {
public:
    /// Leaves `fd` alone when it is no terminal. The farewell is said in either case.
    explicit RawTerminal(int fd, Farewell farewell = {}, TypingMode mode = TypingMode::raw);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    /// It is raw.
    [[nodiscard]] bool active() const { return fd_ >= 0; }
    /// Once more raw: a shell that continued us has put its own settings back.
    void refresh();
    /// As it was before, although the farewell is still to come. What has gone to the background leaves the terminal to its shell.
    void put_back();

private:
    int fd_ = -1;
    TypingMode mode_;
    bool armed_ = false;
};

}  // namespace vmspawn
