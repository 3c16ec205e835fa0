// ^] three times within one second. Pure: the time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace vmspawn {

class EscapeKeys {
public:
    using Clock = std::chrono::steady_clock;

    /// True once the keys are complete. Any other byte between them starts over.
    bool typed(std::string_view bytes, Clock::time_point now);

    static constexpr char key = 0x1D;
    static constexpr std::size_t times = 3;
    static constexpr std::chrono::seconds within{1};

private:
    std::array<Clock::time_point, times> pressed_{};
    std::size_t count_ = 0;

    bool complete_with(char byte, Clock::time_point now);
};

}  // namespace vmspawn
