// The machine's entry with systemd-machined: by varlink where machined knows it, else by D-Bus.
#pragma once

#include "run/bus.hpp"
#include "run/varlink.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vmspawn {

/// All that machined is told, besides that the machine is a virtual one and who its leader is.
struct MachineEntry {
    bool user = false;
    std::string socket;  ///< machined's for varlink
    std::string machine;
    std::string id;         ///< 32 hex digits, or empty
    std::string directory;  ///< of the root, or empty
    std::string cid;        ///< decimal, or empty
    std::string ssh_address;
    std::string ssh_key;
    std::string control{};  ///< path of the control socket, or empty
    bool may_ask = false;   ///< the user for a password
    bool start = true;      ///< machined, by D-Bus, where it does not listen
};
/// The parameters of io.systemd.Machine.Register: a JSON object.
std::string register_parameters(const MachineEntry& entry, int leader);
/// An older machined, which knows nothing of control sockets.
bool knows_no_control(const Failure& answer);

class Registration {
public:
    /// The loop outlives this.
    Registration(EventLoop& loop, MachineEntry entry, std::function<void(Result<void>)> made);
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

    /// `made` is called once, from the loop or from here. Where machined takes a control socket, its clients use that, and QEMU is the
    /// leader; else they send signals to the leader, which would kill a QEMU, and it is this process.
    void begin(int qemu);

    /// Without the loop. That the entry is not there any more is no failure.
    void take_back();

private:
    EventLoop& loop_;
    MachineEntry entry_;
    std::function<void(Result<void>)> made_;
    std::optional<VarlinkCall> varlink_;
    std::optional<Bus> bus_;
    bool may_be_registered_ = false;
    int leader_ = 0;

    Result<void> open_bus();
    [[nodiscard]] bool ask_by_varlink();
    void answered(Result<void> result);
    void start_machined();
    void ask_by_bus();
    void finish(Result<void> result);
    void find_holder(const std::string& doing);
    void tell(Result<void> result);
};

}  // namespace vmspawn
