#include "run/qemu_watch.hpp"

#include <csignal>
#include <utility>

namespace vmspawn {

QemuWatch::QemuWatch(EventLoop& loop, Messages& messages, StopLadder ladder)
    : loop_(loop), messages_(messages), ladder_(ladder), supervisor_(ladder) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        signals_.push_back(loop.on_signal(number, [this, number] { signalled(number); }));
}

void QemuWatch::adopt(Child qemu, Fd output, Fd qmp) {
    qemu_ = std::make_unique<Process>(loop_, std::move(qemu), std::move(output),
                                      Process::Handlers{.line = [this](const std::string& line) { qemu_spoke(line); },
                                                        .ended = [this](ProcessEnd end) { qemu_ended(end); }});
    qmp_ = std::make_unique<QmpClient>(loop_, std::move(qmp), qmp_handlers());
}

QmpClient::Handlers QemuWatch::qmp_handlers() {
    return {.greeted =
                [this] {
                    greeted_ = true;
                    take(QemuGreeted{});
                },
            .event = [this](const QmpEvent& event) { take(event); },
            .status = [this](const QmpStatus& status) { take(status); },
            .refused = [this](const std::string& command,
                              const std::string& error) { messages_.warning("QEMU refused " + command + ": " + error); },
            .broken = [this](const std::string& problem) { take(QmpBroken{problem}); }};
}

Result<void> QemuWatch::until_greeting() {
    while (!greeted_ && !finished_) {
        if (Result<void> turned = loop_.turn(); !turned)
            return turned;
    }
    if (greeted_)
        return {};
    std::string what = "it " + to_string(*facts().qemu) + " before the machine was up";
    if (const std::string words = qemu_->last_words(); !words.empty())
        what += "\n" + words;
    return Failure{EIO, "", what};
}

void QemuWatch::start_console(ConsoleKind kind, int master) {
    qemu_->show_lines();
    if (kind == ConsoleKind::none)
        return;
    console_ = std::make_unique<ConsoleLink>(
        loop_, messages_, kind, ConsoleEnds{.master = master},
        ConsoleLink::Handlers{.escape = [this] { take(EscapeTyped{}); }, .hang_up = [this] { take(Signalled{SIGHUP}); }});
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
        qemu_->end(ladder_.terminate);
}

void QemuWatch::signalled(int number) {
    const bool only_output_is_left = qemu_ && !qemu_->running() && console_;
    if (only_output_is_left)
        return console_->abandon();
    take(Signalled{number});
}

// Once we have sent it a signal it only says that it got one.
void QemuWatch::qemu_spoke(const std::string& line) {
    if (!facts().killed)
        messages_.warning(line);
}

// QEMU's last events first, then the guest's last output, then the news that it has ended.
void QemuWatch::qemu_ended(ProcessEnd end) {
    qmp_->drain();
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
        qmp_->execute(command.command);
}

void QemuWatch::perform(const KillQemu& command) {
    if (qemu_)
        qemu_->signal(command.signal);
}

void QemuWatch::perform(const ArmTimer& command) {
    timer_ = loop_.on_timer(command.after, [this] { take(TimerFired{}); });
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
