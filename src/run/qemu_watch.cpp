#include "run/qemu_watch.hpp"

#include "run/service.hpp"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <utility>

namespace vmspawn {

QemuWatch::QemuWatch(EventLoop& loop, Messages& messages, const Plan& plan, Onlooker& onlooker)
    : loop_(loop), messages_(messages), plan_(plan), onlooker_(onlooker), supervisor_(plan.stop, plan.notify, plan.command.has_value()) {
    for (const int number : ending_signals())
        signals_.push_back(loop.on_signal(number, [this, number](pid_t sender) { asked_to_end(number, sender); }));
    if (plan.time_limit)
        time_limit_ = loop.on_timer(*plan.time_limit, [this] { time_is_up(); });
    // as systemd's own process 1 has it, and so machinectl poweroff
    signals_.push_back(loop.on_signal(SIGRTMIN + 4, [this](pid_t) { signalled(SIGTERM, "SIGRTMIN+4"); }));
}

void QemuWatch::adopt(Child qemu, Fd output, Fd qmp, int terminal) {
    qemu_ = std::make_unique<Process>(loop_, std::move(qemu), std::move(output),
                                      Process::Handlers{.line = [this](const std::string& line) { qemu_spoke(line); },
                                                        .ended = [this](ProcessEnd end) { qemu_ended(end); }});
    qmp_ = std::make_unique<QmpClient>(loop_, std::move(qmp), qmp_handlers(terminal));
    take(QemuStarted{qemu_->pid()});
}

void QemuWatch::adopt_helper(const ResourceId& id, std::string name, Critical critical, Child helper, Fd output) {
    HelperEnded news{.id = id, .name = std::move(name), .critical = critical, .end = {}, .last_words = ""};
    const auto spoke = [this, id](const std::string& line) { helper_spoke(id, line); };
    const auto ended = [this, news](ProcessEnd end) mutable {
        if (qmp_)
            qmp_->drain();  // whether the guest has powered off must be known first
        news.end = end;
        news.last_words = helpers_.at(news.id)->last_words();
        tell_processes();
        take(news);
    };
    helpers_[id] = std::make_unique<Process>(loop_, std::move(helper), std::move(output), Process::Handlers{.line = spoke, .ended = ended});
    if (critical != Critical::never)
        take(HelperStarted{});
}

void QemuWatch::adopt_once(const ResourceId& id, Child program, Fd output) {
    const auto ended = [this, id](ProcessEnd end) {
        if (end == ProcessEnd{})
            return arrive({id, {}});
        const std::string words = helpers_.at(id)->last_words();
        arrive({id, Failure{EIO, "", words.empty() ? "it " + to_string(end) : words + "\nit " + to_string(end)}});
    };
    helpers_[id] = std::make_unique<Process>(loop_, std::move(program), std::move(output),
                                             Process::Handlers{.line = [](const std::string&) {}, .ended = ended});
}

pid_t QemuWatch::pid_of(const ResourceId& helper) const {
    const auto found = helpers_.find(helper);
    return found == helpers_.end() ? -1 : found->second->pid();
}

std::vector<pid_t> QemuWatch::lasting_processes() const {
    std::vector<pid_t> processes;
    if (qemu_ && qemu_->running())
        processes.push_back(qemu_->pid());
    for (const auto& [id, helper] : helpers_)
        if (helper->running() && plan_.find(id)->ready != Readiness::ended)
            processes.push_back(helper->pid());
    return processes;
}

QmpClient::Handlers QemuWatch::qmp_handlers(int terminal) {
    return {.greeted =
                [this, terminal] {
                    arrive({plan_.qemu, {}});
                    keep_output(terminal);
                    if (control_)
                        control_->qemu_talks();
                    take(QemuGreeted{});
                },
            .event =
                [this](const QmpEvent& event) {
                    if (control_)
                        control_->qemu_said(event);
                    take(event);
                },
            .status = [this](const QmpStatus& status) { take(status); },
            .refused = [this](const std::string& command,
                              const std::string& error) { messages_.warning("QEMU refused " + command + ": " + error); },
            .broken = [this](const std::string& problem) { take(QmpBroken{problem}); },
            .lost =
                [this] {
                    if (control_)
                        control_->qemu_is_lost();
                }};
}

void QemuWatch::serve_control(Fd listener, const ServeControl& offer) {
    const auto ask_qemu = [this](std::string command, const std::string& arguments, int passed, QmpClient::Answer answer) {
        qmp_->ask(std::move(command), arguments, passed, std::move(answer));
    };
    ControlDesk::Handlers handlers{.asked = [this](const MachineAsked& asked) { client_asked(asked); },
                                   .ask_qemu = ask_qemu,
                                   .trouble = [this](const std::string& problem) { messages_.warning(problem); },
                                   .attached = nullptr,
                                   .types = plan_.console.types};
    if (live_ && plan_.console.kind != ConsoleKind::none)
        handlers.attached = [this](Fd watcher) { attach(std::move(watcher)); };
    control_ = std::make_unique<ControlDesk>(loop_, std::move(listener), offer, std::move(handlers));
}

void QemuWatch::machine_is_up() {
    tell_processes();
    take(MachineUp{});
    if (!sleeper_)
        return;
    const auto failed = [this](const std::string& problem) { messages_.status("the guest may run on until this host sleeps: " + problem); };
    sleep_ = std::make_unique<SleepWatch>(
        loop_, *sleeper_, SleepWatch::Handlers{.sleeps = [this](bool asleep) { take(HostSleeps{asleep}); }, .failed = failed});
}

Arrival QemuWatch::until_arrival() {
    while (arrivals_.empty() && !finished_) {
        if (Result<void> turned = loop_.turn(); !turned)
            return {plan_.qemu, turned.failure()};
    }
    if (!arrivals_.empty()) {
        Arrival next = std::move(arrivals_.front());
        arrivals_.pop_front();
        return next;
    }
    const auto& helper = facts().helper;
    if (!helper && !facts().qemu)
        return {plan_.qemu, Failure{ECANCELED, "", ""}};
    const std::string words = helper ? helper->last_words : qemu_->last_words();
    const std::string what = "it " + to_string(helper ? helper->end : *facts().qemu) + " before the machine was up";
    return {helper ? helper->id : plan_.qemu, Failure{EIO, "", words.empty() ? what : what + "\n" + words}};
}

void QemuWatch::start_notifications(int listener, GuestPeer guest) {
    const auto said = [this](const NotifyField& field) { take(GuestSaid{field.name, field.value}); };
    const auto refused = [this](const std::string& problem) { messages_.warning(problem); };
    notifications_ = std::make_unique<NotifyReceiver>(loop_, listener, guest, NotifyReceiver::Handlers{.said = said, .refused = refused});
}

void QemuWatch::tell_processes() {
    if (!state_)
        return;
    std::vector<NamedProcess> processes;
    if (qemu_ && qemu_->running())
        processes.push_back({plan_.qemu, qemu_->pid()});
    for (const auto& [id, helper] : helpers_)
        if (helper->running())
            processes.push_back({id, helper->pid()});
    state_->set_processes(std::move(processes));
}

void QemuWatch::start_command(CommandEnds ends) {
    command_ = std::make_unique<CommandLink>(loop_, messages_, ends, CallerStreams{},
                                             CommandLink::Handlers{.started = [this] { take(CommandStarted{}); },
                                                                   .ended = [this](int status) { take(CommandEnded{status}); },
                                                                   .typed = [this](HotKey key) { take(KeysTyped{key}); }});
}

Result<void> QemuWatch::until_end() {
    while (!finished_) {
        if (Result<void> turned = loop_.turn(); !turned)
            return turned;
    }
    return {};
}

void QemuWatch::end_qemu() {
    console_.reset();
    command_.reset();
    if (qemu_)
        qemu_->end(plan_.stop.terminate);
}

void QemuWatch::helper_spoke(const ResourceId& id, const std::string& line) {
    constexpr std::chrono::milliseconds moment{100};
    helper_lines_.push_back(id + ": " + line);
    if (!helper_lines_due_)
        helper_lines_due_ = loop_.on_timer(moment, [this] { say_helper_lines(); });
}

void QemuWatch::say_helper_lines() {
    helper_lines_due_ = EventSource();
    for (const std::string& line : std::exchange(helper_lines_, {}))
        if (!supervisor_.ending() && !facts().orderly && qemu_ && qemu_->running())
            messages_.warning(line);
}

void QemuWatch::end_helper(const ResourceId& id) {
    constexpr std::chrono::seconds patience{3};  // QEMU is gone by now: it has nothing left to do
    if (const auto found = helpers_.find(id); found != helpers_.end())
        found->second->end(patience);
}

bool QemuWatch::only_output_is_left() const {
    return qemu_ && !qemu_->running() && (console_ || command_);
}

void QemuWatch::time_is_up() {
    if (only_output_is_left())
        return abandon_output();
    take(TimeIsUp{console_ ? console_->last_lines() : ""});
}

void QemuWatch::client_asked(const MachineAsked& asked) {
    const bool ends = asked.verb == MachineVerb::terminate || asked.verb == MachineVerb::power_off;
    if (ends && console_)
        console_->wait_for_nobody();
    take(asked);
    if (ends && only_output_is_left())
        abandon_output();
}

void QemuWatch::signalled(int number, std::string by) {
    if (only_output_is_left())
        return abandon_output();
    if (console_)
        console_->wait_for_nobody();
    take(Signalled{number, std::move(by)});
}

// machinectl reboot sends SIGINT, through machined; everybody else wants the machine to end.
void QemuWatch::asked_to_end(int number, pid_t sender) {
    const bool is_about_terminal = sender == 0 || number == SIGHUP;
    if (number == SIGINT && is_machined(sender))
        take(RebootAsked{});
    else if (!left_ || !is_about_terminal)
        signalled(number);
}

// Once we have sent it a signal it only says that it got one.
void QemuWatch::qemu_spoke(const std::string& line) {
    if (!supervisor_.ending())
        messages_.warning(line);
}

// QEMU's last events first, then the guest's last output, then the news that it has ended.
void QemuWatch::qemu_ended(ProcessEnd end) {
    qmp_->drain();
    if (notifications_)
        notifications_->drain();
    show_the_rest([this, end] { take(QemuEnded{end, qemu_->last_words(), console_ ? console_->last_lines() : ""}); });
}

void QemuWatch::show_the_rest(std::function<void()> then) {
    if (console_)
        then = [this, then = std::move(then)] { console_->finish(then); };
    if (command_)
        command_->finish(std::move(then));
    else
        then();
}

void QemuWatch::abandon_output() {
    if (command_)
        command_->abandon();
    if (console_)
        console_->abandon();
}

void QemuWatch::take(const Event& event) {
    onlooker_.saw(event);
    for (const Command& command : supervisor_.on(event))
        std::visit([this](const auto& one) { perform(one); }, command);
}

void QemuWatch::perform(const SendQmp& command) {
    if (command.call == 0) {
        if (qmp_)
            qmp_->execute(command.command, command.arguments);
        return;
    }
    qmp_->ask(command.command, command.arguments, -1, [this, call = command.call](const std::optional<QmpReply>& reply) {
        MachineAnswered answered{.call = call, .lost = !reply};
        if (reply) {
            answered.error = reply->error;
            answered.status = reply->status;
            answered.running = reply->running;
        }
        take(answered);
    });
}

void QemuWatch::perform(const AnswerCall& command) {
    if (control_)
        control_->answer(command);
}

void QemuWatch::perform(const LetSleep&) {
    if (sleep_)
        sleep_->let_sleep();
}

void QemuWatch::perform(const KillQemu& command) {
    if (console_)
        console_->wait_for_nobody();
    if (qemu_)
        qemu_->signal(command.signal);
}

void QemuWatch::perform(const ArmTimer& command) {
    timer_ = loop_.on_timer(command.after, [this] { take(TimerFired{}); });
}

void QemuWatch::perform(const ArmReadyTimer& command) {
    ready_timer_ = EventSource();
    if (command.after.count() > 0)
        ready_timer_ = loop_.on_timer(command.after, [this] { take(ReadyTimedOut{console_ ? console_->last_lines() : ""}); });
}

void QemuWatch::perform(const SignalCommand& command) {
    if (command_)
        command_->send_signal(command.signal);
}

void QemuWatch::perform(const TellManager& command) {
    if (state_)
        state_->tell(command.state);
    tell_manager(command.state);
    if (ready_ && command.state.starts_with("READY=1"))
        std::exchange(ready_, nullptr)();
}

void QemuWatch::perform(const Say& command) {
    switch (command.kind) {
        case Say::Kind::status:
            return messages_.status(command.text, command.detail);
        case Say::Kind::warning:
            return messages_.warning(command.text, command.detail);
        case Say::Kind::error:
            return messages_.error(command.text, command.detail);
    }
}

void QemuWatch::perform(const Finish&) {
    finished_ = true;
}

}  // namespace vmspawn
