// The real System: keeps what each resource holds, by id.
#pragma once

#include "run/channels.hpp"
#include "run/grow.hpp"
#include "run/host_scope.hpp"
#include "run/keep_directory.hpp"
#include "run/piece_writer.hpp"
#include "run/ports.hpp"
#include "run/qemu_watch.hpp"
#include "run/registrations.hpp"
#include "run/runtime_directory.hpp"
#include "run/socket_watch.hpp"
#include "run/system.hpp"
#include "run/tap.hpp"
#include "run/tap_request.hpp"
#include "run/vsock.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

class LinuxSystem final : public System {
public:
    /// `scope` outlives this: vmspawn cannot leave it, also when it starts the machine once more without some part.
    LinuxSystem(const Plan& plan, EventLoop& loop, QemuWatch& watch, Messages& messages, std::unique_ptr<HostScope>& scope,
                const PassedDescriptors& passed);

    Result<void> perform(const Resource& resource) override;
    Arrival wait() override;
    void undo(const Resource& resource) override;
    [[nodiscard]] std::string resolve(const Late& late) const override;

    /// The machine is up: gives the ports' place to QEMU, and the console to the caller's terminal.
    void hand_over();

private:
    /// A child: the watch has it.
    struct Running {
        std::unique_ptr<SocketWatch> socket{};  ///< while it has not made its own
    };
    struct InScope {};
    struct ServedControl {};
    struct MindedSleep {};
    struct Surroundings {
        int output = -1;
        int directory = -1;
    };
    using Held = std::variant<RuntimeDirectory, Fd, SocketPair, ListeningSocket, ConnectedPair, ClientSocket, KeptDirectory, PseudoTerminal,
                              ReservedPort, Pipe, ClaimedVsock, VsockPort, KeyLink, Running, InScope, ServedControl, MindedSleep,
                              TapInterface, std::unique_ptr<TapRequest>, std::unique_ptr<Registrations>>;

    const Plan& plan_;
    EventLoop& loop_;
    QemuWatch& watch_;
    Messages& messages_;
    std::unique_ptr<HostScope>& scope_;
    const PassedDescriptors& passed_;
    std::map<ResourceId, Held> held_;

    template <class T>
    Result<void> hold(const ResourceId& id, Result<T> made);
    GrowTalk talk_of_growing(const OpenFile& file);
    [[nodiscard]] int our_end(const ResourceId& channel) const;
    [[nodiscard]] int terminal() const;  ///< the master of the console's; -1: there is none
    [[nodiscard]] const RuntimeDirectory* claimed() const;
    [[nodiscard]] int runtime_directory() const;
    [[nodiscard]] PieceSources piece_sources() const;
    Result<void> claim(const ResourceId& id, const ClaimName& claim);
    Result<void> listen(const Resource& resource);
    Result<void> write(const WriteFile& action);
    Result<void> fill(const FillPipe& action);
    Result<Child> start(const Resource& resource, const Spawn& spawn, const std::vector<Late>& passed, Surroundings in);
    void adopt(const Resource& resource, const Spawn& spawn, Child child, Fd output);
    Result<void> make_scope(const ResourceId& id, const MakeScope& scope);
    Result<void> serve_control(const ResourceId& id, const ServeControl& offer);
    Result<void> ask_for_tap(const ResourceId& id, const AskForTap& tap);
    Result<void> mind_sleep(const ResourceId& id, const MindSleep& action);
    Result<void> register_machine(const ResourceId& id, const RegisterMachine& entry);
    void fill_scope();
    void qemu_runs();
    void close_control();
    [[nodiscard]] std::optional<GuestPeer> guest_behind(const ResourceId& device) const;
    /// The directory that a program fills, which is held.
    [[nodiscard]] int directory_of(const Fill& fill) const;
    void finish(const Resource& resource, Arrival& arrival);
    Result<void> spawn(const Resource& resource, const Spawn& spawn);
    Result<void> spawn_in(int directory, const Resource& resource, const Spawn& spawn);
    [[nodiscard]] Fd* descriptor_for_child(const Late& late);
    [[nodiscard]] std::string value_in_child(const Late& late, const std::vector<Late>& passed) const;
    [[nodiscard]] std::vector<Late> passed_to(const Spawn& spawn);
    [[nodiscard]] std::vector<std::string> arguments_for(const Spawn& spawn, const std::vector<Late>& passed) const;
    void release_ports(const std::function<bool(const ResourceId&, const ReservedPort&)>& which);
    void close_copies(const std::vector<Late>& passed);
};

}  // namespace vmspawn
