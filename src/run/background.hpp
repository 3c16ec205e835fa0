// The background of the guest's console on the caller's terminal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmspawn {

/// Repeats a background colour wherever the guest goes back to the default one. Pure.
class BackgroundFilter {
public:
    /// SGR parameters, "48;2;0;40;7"; shown from the guest's next byte on.
    void set(std::string parameters);
    /// Appends what the terminal is to get in place of `bytes`.
    void pass(std::string_view bytes, std::string& out);

private:
    enum class State { text, escape, sequence, text_of_sequence, end_of_text };
    State state_ = State::text;
    std::string parameters_;  ///< of the sequence that is being read
    std::string shown_;       ///< the escape sequence of the colour; empty: none
    bool due_ = false;
    bool is_default_ = true;  ///< the guest has asked for no colour of its own
    bool untouched_ = true;   ///< nothing has come from the guest yet

    std::string_view pass_text(std::string_view bytes, std::string& out);
    void pass_control(char byte, std::string& out);
    void leave_escape(char byte, std::string& out);
    void end_sequence(char final, std::string& out);
    void show_again(std::string& out);
};

struct Colour8 {
    std::uint8_t red = 0, green = 0, blue = 0;
    friend bool operator==(const Colour8&, const Colour8&) = default;
};

/// SGR parameters of a green as light or dark as `own`, and never so dark that it could not be seen.
std::string green_tint(Colour8 own);

/// Takes the terminal's answer to what its background is out of what is typed. Loses no other byte. Pure.
class BackgroundAnswer {
public:
    static constexpr std::string_view question = "\033]11;?\033\\";

    /// Takes the first answer out of `bytes`; while it is awaited, what may be its start is held back, and comes with a later call.
    std::optional<Colour8> typed(std::string& bytes);
    /// From now on nothing is held back; returns what was. An answer that comes in one piece is still taken.
    std::string stop_waiting();

private:
    bool answered_ = false;
    bool waits_ = true;
    std::string held_;
};

}  // namespace vmspawn
