// When vmspawn started, and how far it was when.
#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace vmspawn {

/// Time since vmspawn started.
using Moment = std::chrono::microseconds;

class RunClock {
public:
    /// One thing after another, the first from the start on.
    struct Lap {
        std::string name;
        Moment ended{};
    };

    /// From now on.
    RunClock() = default;

    void lap(std::string name) { laps_.push_back({std::move(name), now()}); }
    [[nodiscard]] const std::vector<Lap>& laps() const { return laps_; }
    [[nodiscard]] Moment now() const { return std::chrono::duration_cast<Moment>(std::chrono::steady_clock::now() - start_); }
    /// When that was: microseconds since 1970.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    std::uint64_t started_ = microseconds_since_1970();
    std::vector<Lap> laps_;
};

}  // namespace vmspawn
