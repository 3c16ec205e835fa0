// What may start now, and in which order to undo. Pure: no process, no loop, no clock.
#pragma once

#include "plan/plan.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace vmspawn {

class Schedule {
public:
    explicit Schedule(const std::vector<Resource>& resources);

    /// Resources whose needs are all up and that were not handed out yet, in plan order. Empty after a failure that stops.
    std::vector<std::size_t> take_ready();
    void came_up(std::size_t index);
    /// OnFailure::stop: nothing more starts. OnFailure::warn: dependants are dropped, the rest goes on.
    void failed(std::size_t index);

    [[nodiscard]] bool all_up() const;   ///< everything up that was not dropped
    [[nodiscard]] bool stopped() const;  ///< a failure ended the bring-up
    /// Indices to undo: those that came up or were started, in the exact reverse of their start.
    [[nodiscard]] std::vector<std::size_t> teardown() const;

private:
    enum class State { waiting, started, up, failed, dropped };
    const std::vector<Resource>& resources_;
    std::vector<State> states_;
    std::vector<std::size_t> arrival_;
    bool stopped_ = false;
    [[nodiscard]] bool needs_up(std::size_t index) const;
};

}  // namespace vmspawn
