// Everything that happens while QEMU runs, carried to the Supervisor, and the Supervisor's commands carried out.
#pragma once

#include "run/channels.hpp"
#include "run/console.hpp"
#include "run/event.hpp"
#include "run/messages.hpp"
#include "run/process.hpp"
#include "run/qmp.hpp"
#include "run/supervisor.hpp"

#include <map>
#include <memory>
#include <optional>

namespace vmspawn {

class QemuWatch {
public:
    /// From here on SIGTERM, SIGINT and SIGHUP are requests to end.
    QemuWatch(EventLoop& loop, Messages& messages, StopLadder ladder);

    void adopt(Child qemu, Fd output, Fd qmp);
    /// `name` is for messages.
    void adopt_helper(const ResourceId& id, std::string name, bool critical, Child helper, Fd output);
    /// Fails when QEMU or a helper ends first (its words are the detail; facts().helper tells which), or when it had to be ended on
    /// request.
    Result<void> until_greeting();
    void start_console(ConsoleKind kind, int master);
    /// Until QEMU has ended and all that it wrote is shown.
    Result<void> until_end();
    /// Ends QEMU if it still runs, without the loop. Standard input and output are the caller's again.
    void end_qemu();
    void end_helper(const ResourceId& id);

    [[nodiscard]] const Facts& facts() const { return supervisor_.facts(); }
    void set_bring_up_error(int error) { supervisor_.set_bring_up_error(error); }

private:
    EventLoop& loop_;
    Messages& messages_;
    StopLadder ladder_;
    Supervisor supervisor_;
    std::vector<EventSource> signals_;
    EventSource timer_;
    std::unique_ptr<Process> qemu_;
    std::map<ResourceId, std::unique_ptr<Process>> helpers_;
    std::vector<std::string> helper_lines_;  ///< held back a moment: a helper that loses its client complains before QEMU's end is known
    EventSource helper_lines_due_;
    std::unique_ptr<QmpClient> qmp_;
    std::unique_ptr<ConsoleLink> console_;
    bool greeted_ = false;
    bool finished_ = false;

    void take(const Event& event);
    void perform(const SendQmp& command);
    void perform(const KillQemu& command);
    void perform(const ArmTimer& command);
    void perform(const Say& command);
    void perform(const Finish& command);
    void signalled(int number);
    void qemu_spoke(const std::string& line);
    void qemu_ended(ProcessEnd end);
    void helper_spoke(const ResourceId& id, const std::string& line);
    void say_helper_lines();
    [[nodiscard]] QmpClient::Handlers qmp_handlers();
};

}  // namespace vmspawn
