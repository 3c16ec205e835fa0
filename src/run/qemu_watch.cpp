#include "run/qemu_watch.hpp"

#include "run/service.hpp"

#include <cerrno>
#include <csignal>
#include <utility>

namespace vmspawn {

QemuWatch::QemuWatch(EventLoop& loop, Messages& messages, const Plan& plan)
    : loop_(loop), messages_(messages), plan_(plan), supervisor_(plan.stop, plan.notify) {
    for (const int number : {SIGTERM, SIGHUP})
        signals_.push_back(loop.on_signal(number, [this, number](pid_t) { signalled(number); }));
    signals_.push_back(loop.on_signal(SIGINT, [this](pid_t sender) { interrupted(sender); }));
    // as systemd's own process 1 has it, and so machinectl poweroff
    signals_.push_back(loop.on_signal(SIGRTMIN + 4, [this](pid_t) { signalled(SIGTERM, "SIGRTMIN+4"); }));
}

void QemuWatch::adopt(Child qemu, Fd output, Fd qmp) {
    qemu_ = std::make_unique<Process>(loop_, std::move(qemu), std::move(output),
                                      Process::Handlers{.line = [this](const std::string& line) { qemu_spoke(line); },
                                                        .ended = [this](ProcessEnd end) { qemu_ended(end); }});
    qmp_ = std::make_unique<QmpClient>(loop_, std::move(qmp), qmp_handlers());
    take(QemuStarted{});
}

void QemuWatch::adopt_helper(const ResourceId& id, std::string name, Critical critical, Child helper, Fd output) {
    HelperEnded news{.id = id, .name = std::move(name), .critical = critical, .end = {}, .last_words = ""};
    const auto spoke = [this, id](const std::string& line) { helper_spoke(id, line); };
    const auto ended = [this, news](ProcessEnd end) mutable {
        if (qmp_)
            qmp_->drain();  // whether the guest has powered off must be known first
        news.end = end;
        news.last_words = helpers_.at(news.id)->last_words();
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

QmpClient::Handlers QemuWatch::qmp_handlers() {
    return {.greeted =
                [this] {
                    arrive({plan_.qemu, {}});
                    take(QemuGreeted{});
                },
            .event = [this](const QmpEvent& event) { take(event); },
            .status = [this](const QmpStatus& status) { take(status); },
            .refused = [this](const std::string& command,
                              const std::string& error) { messages_.warning("QEMU refused " + command + ": " + error); },
            .broken = [this](const std::string& problem) { take(QmpBroken{problem}); }};
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

void QemuWatch::start_console(ConsoleKind kind, int master) {
    qemu_->show_lines();
    for (const auto& [id, helper] : helpers_)
        helper->show_lines();
    if (kind == ConsoleKind::none)
        return;
    console_ = std::make_unique<ConsoleLink>(
        loop_, messages_, kind, ConsoleEnds{.master = master},
        ConsoleLink::Handlers{.typed = [this](HotKey key) { take(KeysTyped{key}); }, .hang_up = [this] { take(Signalled{SIGHUP}); }});
    if (finished_) {  // a guest so quick that it ended before this: its output is still to be shown
        finished_ = false;
        console_->finish([this] { finished_ = true; });
    }
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

void QemuWatch::signalled(int number, std::string by) {
    const bool only_output_is_left = qemu_ && !qemu_->running() && console_;
    if (only_output_is_left)
        return console_->abandon();
    take(Signalled{number, std::move(by)});
}

// machinectl reboot sends it, through machined; everybody else wants the machine to end.
void QemuWatch::interrupted(pid_t sender) {
    if (is_machined(sender))
        take(RebootAsked{});
    else
        signalled(SIGINT);
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
    auto tell = [this, end] { take(QemuEnded{end, qemu_->last_words()}); };
    if (console_)
        console_->finish(std::move(tell));
    else
        tell();
}

void QemuWatch::take(const Event& event) {
    for (const Command& command : supervisor_.on(event))
        std::visit([this](const auto& one) { perform(one); }, command);
}

void QemuWatch::perform(const SendQmp& command) {
    if (qmp_)
        qmp_->execute(command.command, command.arguments);
}

void QemuWatch::perform(const KillQemu& command) {
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

void QemuWatch::perform(const TellManager& command) {
    tell_manager(command.state);
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
