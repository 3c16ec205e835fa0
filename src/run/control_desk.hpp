// Carries the calls of the control socket to the supervisor, to QEMU's disks and back.
#pragma once

#include "plan/control_socket.hpp"
#include "run/control_server.hpp"
#include "run/hot_storage.hpp"
#include "run/qmp.hpp"
#include "run/supervisor_events.hpp"

#include <functional>
#include <map>
#include <string>

namespace vmspawn {

class ControlDesk {
public:
    struct Handlers {
        std::function<void(const MachineAsked&)> asked;
        /// As QmpClient::ask.
        std::function<void(std::string command, const std::string& arguments, int passed, QmpClient::Answer answer)> ask_qemu;
        std::function<void(const std::string& problem)> trouble;
        std::function<void(Fd watcher)> attached{};  ///< null: there is no console
        bool types = false;                          ///< who attaches
    };

    ControlDesk(EventLoop& loop, Fd listener, const ServeControl& offer, Handlers handlers);

    void qemu_talks() { talks_ = true; }
    /// It does not any more: there are no more events.
    void qemu_is_lost();
    void answer(const AnswerCall& outcome);
    void qemu_said(const QmpEvent& event);

private:
    Handlers handlers_;
    HotStorage storage_;
    ControlServer server_;
    bool talks_ = false;
    std::map<int, Fd> offered_;  ///< for disks, by call

    void called(int call, ControlCall asked, std::vector<Fd> descriptors);
    void take(int call, const AskMachine& asked, std::vector<Fd>& descriptors);
    void take(int call, SubscribeEvents& asked, std::vector<Fd>& descriptors);
    void take(int call, const AddStorage& asked, std::vector<Fd>& descriptors);
    void take(int call, const RemoveStorage& asked, std::vector<Fd>& descriptors);
    void take(int call, const ReplaceStorage& asked, std::vector<Fd>& descriptors);
    void take(int call, const AttachConsole& asked, std::vector<Fd>& descriptors);
    void take(int call, const GetInfo& asked, std::vector<Fd>& descriptors);
    void take(int call, const GetInterfaceDescription& asked, std::vector<Fd>& descriptors);
    void take(int call, const VarlinkError& refused, std::vector<Fd>& descriptors);
    /// Nothing, and the call is answered: there is no such descriptor, or no QEMU.
    std::optional<OfferedFile> keep(int call, std::size_t index, std::vector<Fd>& descriptors);
    void perform(const StorageCommands& commands);
    void perform(const StorageStep& step);
    void perform(const StorageEnd& end);
    void perform(const StorageTrouble& trouble);
};

/// What the descriptor is good for.
OfferedFile look_at_offer(int fd);

}  // namespace vmspawn
