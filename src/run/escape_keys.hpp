// The keys that are vmspawn's own: ^] three times within one second, or twice and a letter. Pure: the time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace vmspawn {

enum class HotKey { end, power_off, reboot, help, detach };

class EscapeKeys {
public:
    using Clock = std::chrono::steady_clock;
    enum class Scope { all, detaching };  ///< the latter: all others are the guest's

    explicit EscapeKeys(Scope scope = Scope::all) : scope_(scope) {}

    /// What these bytes, and those before, ask for; the last one counts. The letter of such keys is taken out of `bytes`. Any other byte
    /// between them starts over.
    std::optional<HotKey> typed(std::string& bytes, Clock::time_point now);

    static constexpr char key = 0x1D;
    static constexpr std::size_t times = 3;
    static constexpr std::chrono::seconds within{1};

private:
    Scope scope_;
    std::array<Clock::time_point, times> pressed_{};
    std::size_t count_ = 0;

    std::optional<HotKey> pressed(Clock::time_point now);
    std::optional<HotKey> letter(char byte, Clock::time_point now);
};

}  // namespace vmspawn
