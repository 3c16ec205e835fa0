#include "run/schedule.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace vmspawn {

Schedule::Schedule(const std::vector<Resource>& resources)
    : resources_(resources), needs_(resources.size()), states_(resources.size(), State::waiting) {
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t index = 0; index < resources.size(); ++index) {
        for (const ResourceId& need : resources[index].needs)
            needs_[index].push_back(places.at(need));
        places.emplace(resources[index].id, index);
    }
}

bool Schedule::needs_up(std::size_t index) const {
    return std::ranges::all_of(needs_[index], [&](std::size_t need) { return is_up(need); });
}

std::vector<std::size_t> Schedule::take_ready() {
    std::vector<std::size_t> ready;
    for (std::size_t index = 0; !stopped_ && index < states_.size(); ++index) {
        if (states_[index] != State::waiting || !needs_up(index))
            continue;
        states_[index] = State::taken;
        ready.push_back(index);
    }
    return ready;
}

void Schedule::started(std::size_t index) {
    arrival_.push_back(index);
}

void Schedule::came_up(std::size_t index) {
    states_[index] = State::up;
}

void Schedule::failed(std::size_t index) {
    states_[index] = State::failed;
    switch (resources_[index].on_failure) {
        case OnFailure::stop:
        case OnFailure::drop_words:  // the next bring-up is another schedule
            stopped_ = true;
            break;
        case OnFailure::warn:
            drop_dependants();
            break;
        case OnFailure::go_on:
            states_[index] = State::up;  // for those who need it
            break;
    }
}

void Schedule::drop_dependants() {
    // Needs stand before those who need them, so one pass in order reaches dependants of dependants.
    for (std::size_t index = 0; index < states_.size(); ++index) {
        const bool lost = std::ranges::any_of(
            needs_[index], [&](std::size_t need) { return states_[need] == State::failed || states_[need] == State::dropped; });
        if (states_[index] == State::waiting && lost)
            states_[index] = State::dropped;
    }
}

bool Schedule::all_up() const {
    return !stopped_ && std::ranges::none_of(states_, [](State state) { return state == State::waiting || state == State::taken; });
}

std::vector<std::size_t> Schedule::teardown() const {
    return {arrival_.rbegin(), arrival_.rend()};
}

}  // namespace vmspawn
