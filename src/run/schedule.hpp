// What may start now, and in which order to undo. Pure: no process, no loop, no clock.
#pragma once

#include "plan/plan.hpp"

#include <cstddef>
#include <vector>

namespace vmspawn {

class Schedule {
public:
    /// `resources` must pass check_order().
    explicit Schedule(const std::vector<Resource>& resources);

    /// Resources whose needs are all up and that were not handed out yet, in plan order. Empty after a failure that stops.
    std::vector<std::size_t> take_ready();
    /// Its action was performed: from now on it has to be undone.
    void started(std::size_t index);
    void came_up(std::size_t index);
    /// What then happens is its on_failure; with OnFailure::drop_words nothing more starts here.
    void failed(std::size_t index);

    [[nodiscard]] bool all_up() const;  ///< everything up that was not dropped
    [[nodiscard]] bool is_up(std::size_t index) const { return states_[index] == State::up; }
    [[nodiscard]] bool stopped() const { return stopped_; }  ///< a failure ended the bring-up
    /// What was started, in the exact reverse of its start.
    [[nodiscard]] std::vector<std::size_t> teardown() const;

private:
    enum class State { waiting, taken, up, failed, dropped };
    const std::vector<Resource>& resources_;
    std::vector<std::vector<std::size_t>> needs_;
    std::vector<State> states_;
    std::vector<std::size_t> arrival_;
    bool stopped_ = false;

    [[nodiscard]] bool needs_up(std::size_t index) const;
    void drop_dependants();
};

}  // namespace vmspawn
