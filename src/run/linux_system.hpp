// The real System: keeps what each resource holds, by id.
#pragma once

#include "run/channels.hpp"
#include "run/grow.hpp"
#include "run/qemu_watch.hpp"
#include "run/runtime_directory.hpp"
#include "run/system.hpp"

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

class LinuxSystem final : public System {
public:
    LinuxSystem(const Plan& plan, QemuWatch& watch, Messages& messages);

    Result<void> perform(const Resource& resource) override;
    Arrival wait() override;
    void undo(const Resource& resource) override;
    [[nodiscard]] std::string resolve(const Late& late) const override;

    /// The machine is up: gives the ports' place to QEMU, and the console to the caller's terminal.
    void hand_over();

private:
    struct Running {};  ///< a child: the watch has it
    using Held = std::variant<RuntimeDirectory, Fd, SocketPair, ListeningSocket, PseudoTerminal, ReservedPort, Running>;

    const Plan& plan_;
    QemuWatch& watch_;
    Messages& messages_;
    std::map<ResourceId, Held> held_;

    template <class T>
    Result<void> hold(const ResourceId& id, Result<T> made);
    GrowTalk talk_of_growing(const OpenFile& file);
    Result<void> listen(const Resource& resource);
    Result<void> spawn(const Resource& resource, const Spawn& spawn);
    [[nodiscard]] Fd* descriptor_for_child(const Late& late);
    [[nodiscard]] std::string value_in_child(const Late& late, const std::vector<Late>& passed) const;
    [[nodiscard]] std::vector<Late> passed_to(const Spawn& spawn);
    [[nodiscard]] std::vector<std::string> arguments_for(const Spawn& spawn, const std::vector<Late>& passed) const;
    void release_ports(bool (*which)(const ReservedPort&));
    void close_copies(const std::vector<Late>& passed);
};

}  // namespace vmspawn
