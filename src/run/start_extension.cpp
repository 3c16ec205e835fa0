#include "run/start_extension.hpp"

#include <fmt/format.h>

#include <utility>

namespace vmspawn {

StartExtension::StartExtension(std::function<void(const std::string&)> tell, Clock now)
    : tell_(std::move(tell)), now_(std::move(now)), began_(now_()), told_(began_) {}

// From then on the guest has the time, and what is left of it is the supervisor's business.
void StartExtension::saw(const Event& event) {
    if (std::holds_alternative<MachineUp>(event))
        step();
}

void StartExtension::step() {
    constexpr std::chrono::seconds pause{1};
    const auto now = now_();
    if (now - began_ < long_start || now - told_ < pause)
        return;
    told_ = now;
    tell_(extend_timeout(more));
}

std::string extend_timeout(std::chrono::microseconds by) {
    return fmt::format("EXTEND_TIMEOUT_USEC={}", by.count());
}

}  // namespace vmspawn
