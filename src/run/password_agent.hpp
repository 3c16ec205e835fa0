// polkit's questions at the terminal that vmspawn was started from.
#pragma once

#include "run/spawn.hpp"

#include <memory>

namespace vmspawn {

/// pkttyagent(1) for this process, until this goes away: it must before the guest gets the terminal.
class PasswordAgent {
public:
    /// Returns when polkit knows it. Nothing where it is not installed or does not start: then polkit just refuses.
    static std::unique_ptr<PasswordAgent> start();

    explicit PasswordAgent(Child child) : child_(std::move(child)) {}
    PasswordAgent(const PasswordAgent&) = delete;
    PasswordAgent& operator=(const PasswordAgent&) = delete;
    ~PasswordAgent();

private:
    Child child_;
};

}  // namespace vmspawn
