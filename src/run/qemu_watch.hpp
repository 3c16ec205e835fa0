// Everything that happens while QEMU runs, carried to the Supervisor, and the Supervisor's commands carried out.
#pragma once

#include "run/backlog.hpp"
#include "run/channels.hpp"
#include "run/command_link.hpp"
#include "run/console.hpp"
#include "run/control_desk.hpp"
#include "run/event.hpp"
#include "run/live_output.hpp"
#include "run/messages.hpp"
#include "run/notify_receiver.hpp"
#include "run/onlooker.hpp"
#include "run/process.hpp"
#include "run/qmp.hpp"
#include "run/sleep_watch.hpp"
#include "run/state_file.hpp"
#include "run/supervisor.hpp"
#include "run/system.hpp"

#include <csignal>
#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace vmspawn {

class QemuWatch {
public:
    /// From here on ending_signals() are requests to end.
    QemuWatch(EventLoop& loop, Messages& messages, const Plan& plan, Onlooker& onlooker);

    /// It arrives when it greets. `terminal`: the master of its console's, or -1; it stays the owner's.
    void adopt(Child qemu, Fd output, Fd qmp, int terminal);
    /// `name` is for messages.
    void adopt_helper(const ResourceId& id, std::string name, Critical critical, Child helper, Fd output);
    /// A program that does one thing: it arrives when it has ended.
    void adopt_once(const ResourceId& id, Child program, Fd output);
    void arrive(Arrival arrival) { arrivals_.push_back(std::move(arrival)); }
    /// The next that arrives. Fails, as QEMU or the helper, when that ends first (its words are the detail), or, as QEMU, when the
    /// machine had to be ended on request.
    Arrival until_arrival();
    /// The machine is up: its guest is heard from now on.
    void start_notifications(int listener, GuestPeer guest);
    void machine_is_up();
    /// From here on the runtime directory tells how the machine is, and what it shows. Both are that directory.
    void keep_in(Fd directory, Fd again);
    /// What definition_file holds there from then on.
    void keep_definition(const std::string& text);
    /// For those who wait; called before the directory goes. `background` as StateFile has it.
    void tell_ending(const MachineEnding& ending, const std::string& background);
    /// Called once.
    void when_ready(std::function<void()> told) { ready_ = std::move(told); }
    void serve_control(Fd listener, const ServeControl& offer);
    void close_control() { control_.reset(); }
    /// From when the machine is up.
    void mind_sleep(std::string machine) { sleeper_ = std::move(machine); }
    [[nodiscard]] pid_t pid_of(const ResourceId& helper) const;
    [[nodiscard]] pid_t qemu_pid() const { return qemu_ ? qemu_->pid() : -1; }
    /// QEMU, and the helpers that stay while it runs.
    [[nodiscard]] std::vector<pid_t> lasting_processes() const;
    [[nodiscard]] Onlooker& onlooker() { return onlooker_; }
    void service_manager_asks_to_stop() { signalled(SIGTERM, "systemd"); }
    /// The descriptors stay the owner's, for as long as this lives.
    void start_command(CommandEnds ends);
    void start_console(ConsoleKind kind, int master, const Decoration& decoration);
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
    const Plan& plan_;
    Onlooker& onlooker_;
    Supervisor supervisor_;
    std::deque<Arrival> arrivals_;
    std::vector<EventSource> signals_;
    EventSource timer_;
    EventSource ready_timer_;
    EventSource time_limit_;
    std::unique_ptr<Process> qemu_;
    std::map<ResourceId, std::unique_ptr<Process>> helpers_;
    std::vector<std::string> helper_lines_;  ///< held back a moment: a helper that loses its client complains before QEMU's end is known
    EventSource helper_lines_due_;
    std::unique_ptr<QmpClient> qmp_;
    Fd nowhere_;     ///< what the console is shown on when it is not shown
    Backlog early_;  ///< what the guest prints before there is a console, while systemd is asked and passwords are typed
    EventSource early_source_;
    std::unique_ptr<ConsoleLink> console_;
    bool left_ = false;  ///< the caller's terminal: what happens to it is no concern of the machine
    std::unique_ptr<CommandLink> command_;
    std::unique_ptr<NotifyReceiver> notifications_;
    std::unique_ptr<StateFile> state_;
    std::unique_ptr<LiveOutput> live_;
    std::function<void()> ready_;
    std::unique_ptr<ControlDesk> control_;
    std::optional<std::string> sleeper_;  ///< the machine's name for logind
    std::unique_ptr<SleepWatch> sleep_;
    bool finished_ = false;

    void take(const Event& event);
    void tell_processes();
    void perform(const SendQmp& command);
    void perform(const AnswerCall& command);
    void perform(const LetSleep& command);
    void perform(const KillQemu& command);
    void perform(const ArmTimer& command);
    void perform(const ArmReadyTimer& command);
    void perform(const SignalCommand& command);
    void perform(const TellManager& command);
    void perform(const Say& command);
    void perform(const Finish& command);
    void keep_output(int master);
    void attach(Fd watcher);
    void client_asked(const MachineAsked& asked);
    void typed(HotKey key);
    void signalled(int number, std::string by = "");
    void asked_to_end(int number, pid_t sender);
    [[nodiscard]] bool only_output_is_left() const;
    void show_the_rest(std::function<void()> then);
    void abandon_output();
    void time_is_up();
    void qemu_spoke(const std::string& line);
    void qemu_ended(ProcessEnd end);
    void helper_spoke(const ResourceId& id, const std::string& line);
    void say_helper_lines();
    [[nodiscard]] QmpClient::Handlers qmp_handlers(int terminal);
};

}  // namespace vmspawn
