#include "run/progress.hpp"

#include "plan/password.hpp"
#include "run/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unistd.h>

namespace vmspawn {

namespace {

constexpr std::chrono::seconds silence{1};

/// From when on nobody waits any more for what begins: the guest is ready, or the machine is to end.
bool ends_the_wait(const Event& event) {
    if (const auto* said = std::get_if<GuestSaid>(&event))
        return said->name == "READY" && said->value == "1";
    if (const auto* qmp = std::get_if<QmpEvent>(&event))
        return qmp->name == "SHUTDOWN";
    return std::holds_alternative<CommandStarted>(event) || std::holds_alternative<Signalled>(event) ||
           std::holds_alternative<KeysTyped>(event) || std::holds_alternative<ReadyTimedOut>(event) ||
           std::holds_alternative<TimeIsUp>(event) || std::holds_alternative<QmpBroken>(event) || std::holds_alternative<QemuEnded>(event);
}

}  // namespace

bool shows_console(const Plan& plan) {
    switch (plan.console.kind) {
        case ConsoleKind::none:
        case ConsoleKind::kept:
            return false;
        case ConsoleKind::read_only:
        case ConsoleKind::interactive:
        case ConsoleKind::transparent:
            break;
    }
    return isatty(STDOUT_FILENO) == 1;
}

ProgressLine::ProgressLine(EventLoop& loop, Messages& messages, const Plan& plan, bool console_is_shown, Clock now)
    : loop_(loop),
      messages_(messages),
      plan_(plan),
      asks_(may_ask(plan)),
      waits_for_guest_(plan.notify.wait && !console_is_shown),
      now_(std::move(now)) {}

ProgressLine::~ProgressLine() {
    messages_.progress("");
}

// The clock of QEMU's own step starts with QEMU: it is not to start later for this.
void ProgressLine::begins(const Resource& resource) {
    steps_.push_back(
        {.id = resource.id, .text = doing(plan_, resource), .may_ask = asks_ && resource.ready == Readiness::answered, .began = now_()});
    const auto* file = std::get_if<OpenFile>(&resource.up);
    if (file != nullptr && file->grow && !file->grow->qcow2)
        messages_.progress(steps_.back().text, " …");  // vmspawn itself does that, and hears no clock meanwhile
    if (resource.ready != Readiness::done && resource.ready != Readiness::greeting)
        keep_time();
}

void ProgressLine::end_step(const ResourceId& id) {
    std::erase_if(steps_, [&](const Step& step) { return step.id == id; });
    messages_.progress("");
}

void ProgressLine::starts_again() {
    steps_.clear();
    guest_status_.clear();
    messages_.progress("");
}

void ProgressLine::saw(const Event& event) {
    if (std::holds_alternative<QemuStarted>(event))
        return keep_time();
    if (std::holds_alternative<MachineUp>(event) && waits_for_guest_) {
        steps_.push_back({.id = {}, .text = "waiting until the guest is ready", .began = now_()});
        return keep_time();
    }
    if (const auto* said = std::get_if<GuestSaid>(&event); said != nullptr && said->name == "STATUS")
        guest_status_ = said->value;
    if (!ends_the_wait(event))
        return;
    waits_for_guest_ = false;
    starts_again();
}

void ProgressLine::keep_time() {
    if (!timer_)
        timer_ = loop_.on_timer(silence, [this] {
            timer_ = EventSource();
            tell();
            if (!steps_.empty())
                keep_time();
        });
}

// QEMU waits for the others: they are why it takes long.
void ProgressLine::tell() {
    const bool may_be_asked = std::ranges::any_of(steps_, &Step::may_ask);
    if (steps_.empty() || may_be_asked)
        return messages_.progress("");
    const auto other = std::ranges::find(steps_, false, [this](const Step& step) { return step.id == plan_.qemu; });
    const Step& step = other != steps_.end() ? *other : steps_.front();
    const auto taken = std::chrono::round<std::chrono::seconds>(now_() - step.began);
    if (taken < silence)
        return;
    const std::string status = step.id.empty() && !guest_status_.empty() ? ": " + guest_status_ : "";
    messages_.progress(step.text + status, fmt::format(" … {} s", taken.count()));
}

}  // namespace vmspawn
