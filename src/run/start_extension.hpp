// Asks the service manager for more time while a machine takes long to be made, as an image does that grows.
#pragma once

#include "run/onlooker.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace vmspawn {

class StartExtension final : public Onlooker {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    /// A start that is shorter asks for nothing, so that the unit's own limit holds to the second.
    static constexpr std::chrono::seconds long_start{10};
    /// From each later step on. A step that hangs asks for no more.
    static constexpr std::chrono::minutes more{2};

    /// `tell` takes what sd_notify(3) does.
    explicit StartExtension(std::function<void(const std::string&)> tell, Clock now = std::chrono::steady_clock::now);

    void begins(const Resource&) override { step(); }
    void came_up(const Resource&) override { step(); }
    void time_passes() override { step(); }
    void saw(const Event& event) override;

private:
    std::function<void(const std::string&)> tell_;
    Clock now_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point told_;

    void step();
};

/// As sd_notify(3) takes it.
std::string extend_timeout(std::chrono::microseconds by);

}  // namespace vmspawn
