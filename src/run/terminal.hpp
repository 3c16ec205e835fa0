// The caller's terminal in raw mode, and back again on every way out.
#pragma once

namespace vmspawn {

/// At most one at a time. Restores in its destructor, and before a signal that kills this process takes effect.
class RawTerminal {
public:
    /// Does nothing when `fd` is no terminal.
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;

    [[nodiscard]] bool active() const { return fd_ >= 0; }
    /// Once more raw: a shell that continued us has put its own settings back.
    void refresh();

private:
    int fd_ = -1;
};

}  // namespace vmspawn
