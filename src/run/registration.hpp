// The machine's entry with systemd-machined: by varlink where machined knows it, else by D-Bus.
#pragma once

#include "run/bus.hpp"
#include "run/varlink.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

/// All that machined is told, besides that the machine is a virtual one and who its leader is: this process.
struct MachineEntry {
    bool user = false;
    std::string socket;  ///< machined's for varlink
    std::string machine;
    std::string id;         ///< 32 hex digits, or empty
    std::string directory;  ///< of the root, or empty
    std::string cid;        ///< decimal, or empty
    std::string ssh_address;
    std::string ssh_key;
};
/// The parameters of io.systemd.Machine.Register: a JSON object.
std::string register_parameters(const MachineEntry& entry, int leader);

class Registration {
public:
    /// `made` is called once, from the loop or from here. The loop outlives this.
    Registration(EventLoop& loop, MachineEntry entry, std::function<void(Result<void>)> made);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

    /// Without the loop. That the entry is not there any more is no failure.
    void take_back();

private:
    EventLoop& loop_;
    MachineEntry entry_;
    std::function<void(Result<void>)> made_;
    std::optional<VarlinkCall> varlink_;
    std::optional<Bus> bus_;
    bool may_be_registered_ = false;

    bool open_bus();
    [[nodiscard]] bool ask_by_varlink();
    void start_machined();
    void ask_by_bus();
    void finish(Result<void> result);
};

}  // namespace vmspawn
