// Tells on a terminal of what takes over a second, in a line that goes away again. Silent everywhere else.
#pragma once

#include "run/event.hpp"
#include "run/messages.hpp"
#include "run/onlooker.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace vmspawn {

class ProgressLine final : public Onlooker {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    /// All outlive this. `plan` is as it is first; `console_is_shown`: on the same terminal, once the machine is up.
    ProgressLine(
        EventLoop& loop, Messages& messages, const Plan& plan, bool console_is_shown,
        Clock now = [] { return std::chrono::steady_clock::now(); });

    ~ProgressLine() override;

    void begins(const Resource& resource) override;
    void came_up(const Resource& resource) override { end_step(resource.id); }
    void failed(const Resource& resource) override { end_step(resource.id); }
    void starts_again() override;
    void saw(const Event& event) override;
    void time_passes() override { tell(); }

private:
    struct Step {
        ResourceId id;  ///< empty: until the guest is ready
        std::string text;
        bool may_ask = false;  ///< a password, on this terminal
        std::chrono::steady_clock::time_point began;
    };

    EventLoop& loop_;
    Messages& messages_;
    const Plan& plan_;
    bool asks_;             ///< a service of the host may, of the user
    bool waits_for_guest_;  ///< once the machine is up, and nothing else of it is seen
    Clock now_;
    std::vector<Step> steps_;  ///< that are not over, by their beginning
    std::string guest_status_;
    EventSource timer_;

    void end_step(const ResourceId& id);
    void keep_time();
    void tell();
};

/// Does the guest's console, once it is given to the caller, go to the terminal that standard error is?
bool shows_console(const Plan& plan);

}  // namespace vmspawn
