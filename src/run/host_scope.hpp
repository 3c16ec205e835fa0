// The machine's scope: its processes move there while QEMU starts, and who stops it asks for an orderly end.
#pragma once

#include "plan/host_service.hpp"
#include "run/bus.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace vmspawn {

/// As systemd-machined calls the scopes that it makes: "machine-a\x2db.scope" of "a-b".
std::string scope_of_machine(std::string_view machine);

class HostScope {
public:
    struct Handlers {
        std::function<void(Result<void>)> made;  ///< called once
        std::function<void()> stop_asked;
    };

    /// `machine` is the machine's name. The loop outlives this.
    HostScope(EventLoop& loop, MakeScope scope, std::string machine, Handlers handlers);
    HostScope(const HostScope&) = delete;
    HostScope& operator=(const HostScope&) = delete;

    /// What is to be in it besides vmspawn, with all that it has started; now it is made, and no earlier, so that QEMU's start waits for
    /// nothing of this.
    /// `processes` is asked when systemd is: helpers start beside QEMU and after it. What starts later still is in the scope by birth.
    void admit(std::function<std::vector<pid_t>()> processes);

    /// The machine starts once more, and vmspawn is in the scope already: who hears of it now.
    void hand_to(Handlers handlers);
    [[nodiscard]] bool refused() const { return outcome_ && !*outcome_; }

    /// How long the scope of a run before this may take to go.
    static constexpr std::chrono::seconds patience{5};

private:
    EventLoop& loop_;
    MakeScope scope_;
    std::string machine_;
    std::string unit_;
    Handlers handlers_;
    std::optional<Bus> bus_;
    std::function<std::vector<pid_t>()> processes_;
    std::string job_;
    std::optional<Result<void>> outcome_;
    bool listed_again_ = false;
    EventSource patience_over_;  ///< set while another scope of that name is there

    void listen();
    void make();
    void started(const Result<sd_bus_message*>& answer);
    void job_removed(sd_bus_message* signal);
    void unit_removed(sd_bus_message* signal);
    int describe(sd_bus_message* call) const;
    void refuse(Failure failure);
    void finish(Result<void> result);
};

}  // namespace vmspawn
