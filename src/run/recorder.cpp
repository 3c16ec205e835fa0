#include "run/recorder.hpp"

#include "base/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sys/stat.h>
#include <utility>

namespace vmspawn {

namespace {

using Outcome = TimelineSpan::Outcome;

bool joins_programs(const Action& action) {
    return std::holds_alternative<MakePair>(action) || std::holds_alternative<Listen>(action) || std::holds_alternative<MakeClient>(action);
}

TimelineSpan::Kind kind_of_span(const Resource& resource) {
    return std::holds_alternative<Spawn>(resource.up) ? TimelineSpan::Kind::program
           : resource.ready == Readiness::answered    ? TimelineSpan::Kind::request
                                                      : TimelineSpan::Kind::action;
}

}  // namespace

TimelineRecorder::TimelineRecorder(const Plan& plan, const RunClock& clock, Clock now) : now_(std::move(now)), qemu_(plan.qemu) {
    timeline_.machine = plan.machine;
    timeline_.started = clock.started();
    Moment before{};
    const auto add = [&](std::string name, Moment ended) {
        timeline_.spans.push_back({.name = std::move(name), .what = "", .began = before, .ended = ended});
        before = ended;
    };
    for (const RunClock::Lap& lap : clock.laps())
        add(lap.name, lap.ended);
    add("plan", now_());
    first_ = timeline_.spans.size();
}

void TimelineRecorder::begins(const Resource& resource) {
    if (joins_programs(resource.up))
        sockets_.insert(resource.id);
    timeline_.spans.push_back({.kind = kind_of_span(resource),
                               .outcome = Outcome::unfinished,
                               .name = resource.id,
                               .what = kind_text(resource),
                               .began = now_(),
                               .ended = {},
                               .needs = resource.needs,
                               .waits_for = {},
                               .key = resource.because_key,
                               // QEMU's are those of the whole machine
                               .reasons = resource.id == qemu_ ? std::vector<std::string>{} : resource.reasons});
}

void TimelineRecorder::end_span(const Resource& resource, Outcome outcome) {
    const auto begin = timeline_.spans.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto span = std::find_if(begin, timeline_.spans.end(), [&](const TimelineSpan& one) { return one.name == resource.id; });
    const bool is_news = span != timeline_.spans.end() && (span->outcome == Outcome::unfinished || outcome == Outcome::failed);
    if (!is_news)
        return;
    span->ended = now_();
    span->outcome = outcome;
}

// What was given up keeps its times under names of its own.
void TimelineRecorder::starts_again() {
    find_partners();
    const std::string suffix = fmt::format(" ({})", ++tries_);
    std::set<std::string> mine;
    for (std::size_t i = first_; i < timeline_.spans.size(); ++i)
        mine.insert(timeline_.spans[i].name);
    for (; first_ < timeline_.spans.size(); ++first_) {
        TimelineSpan& span = timeline_.spans[first_];
        span.name += suffix;
        for (auto* names : {&span.needs, &span.waits_for})
            for (std::string& name : *names)
                name += mine.contains(name) ? suffix : "";
        if (span.outcome == Outcome::unfinished)
            span.ended = now_();
    }
    for (; first_mark_ < timeline_.marks.size(); ++first_mark_)
        timeline_.marks[first_mark_].name += suffix;
    guest_ = {};
    sockets_.clear();
}

void TimelineRecorder::mark(std::string name, std::string seen_by) {
    timeline_.marks.push_back({.name = std::move(name), .at = now_(), .seen_by = std::move(seen_by)});
}

void TimelineRecorder::saw(const Event& event) {
    if (std::holds_alternative<QemuStarted>(event))
        mark("exec", "vmspawn");
    else if (std::holds_alternative<QemuGreeted>(event))
        mark("greeting", "qmp");
    else if (std::holds_alternative<MachineUp>(event))
        mark("up", "vmspawn");
    else if (std::holds_alternative<CommandStarted>(event))
        mark("command", "command");
    else if (std::holds_alternative<CommandEnded>(event))
        mark("command-end", "command");
    else if (std::holds_alternative<QemuEnded>(event))
        mark("end", "vmspawn");
    else if (const auto* qmp = std::get_if<QmpEvent>(&event))
        see(*qmp);
    else if (const auto* said = std::get_if<GuestSaid>(&event))
        see(*said);
}

void TimelineRecorder::see(const QmpEvent& event) {
    const bool is_known = std::ranges::find(timeline_.marks, "shutdown", &TimelineMark::name) != timeline_.marks.end();
    if (event.name == "SHUTDOWN" && !is_known)
        mark("shutdown", "qmp");
    if (event.name == "RESET" && event.guest)
        starting_ = false;
}

void TimelineRecorder::see(const GuestSaid& said) {
    if (!starting_)
        return;
    guest_.said(said.name, said.value, now_());
    starting_ = said.name != "READY" || said.value != "1";
}

void TimelineRecorder::guest_printed(std::string_view bytes) {
    if (starting_)
        guest_.printed(bytes, now_());
}

// The guest runs from QEMU's greeting on.
void TimelineRecorder::add_guest_marks() {
    const TimelineMark* greeting = timeline_.find_mark("greeting");
    const Moment earliest = greeting != nullptr ? greeting->at : Moment{};
    for (TimelineMark mark : guest_.found()) {
        mark.at = std::max(mark.at, earliest);
        timeline_.marks.push_back(std::move(mark));
    }
    std::ranges::stable_sort(timeline_.marks, {}, &TimelineMark::at);
}

/// QEMU greets once the programs at the other ends of its sockets have answered, whose start it does not need.
void TimelineRecorder::find_partners() {
    const auto shares = [this](const std::vector<std::string>& needs, const TimelineSpan& other) {
        return std::ranges::any_of(needs, [&](const std::string& need) {
            return sockets_.contains(need) && std::ranges::find(other.needs, need) != other.needs.end();
        });
    };
    const auto begin = timeline_.spans.begin() + static_cast<std::ptrdiff_t>(first_);
    const auto qemu = std::find_if(begin, timeline_.spans.end(), [this](const TimelineSpan& span) { return span.name == qemu_; });
    if (qemu == timeline_.spans.end())
        return;
    for (auto span = begin; span != timeline_.spans.end(); ++span)
        if (span != qemu && span->kind == TimelineSpan::Kind::program && shares(qemu->needs, *span))
            qemu->waits_for.push_back(span->name);
}

Timeline TimelineRecorder::finish(int status) {
    timeline_.status = status;
    timeline_.ended = now_();
    find_partners();
    for (TimelineSpan& span : timeline_.spans)
        if (span.outcome == Outcome::unfinished && span.ended < span.began)
            span.ended = timeline_.ended;
    add_guest_marks();
    std::ranges::move(guest_phases(timeline_.marks), std::back_inserter(timeline_.spans));
    const auto failed = std::ranges::find(timeline_.spans, Outcome::failed, &TimelineSpan::outcome);
    const bool has_qemu = timeline_.find_span(qemu_) != nullptr;
    mark_critical(timeline_.spans, !has_qemu && failed != timeline_.spans.end() ? std::string(failed->name) : qemu_);
    std::ranges::stable_sort(timeline_.spans, {}, &TimelineSpan::began);
    return std::move(timeline_);
}

Result<void> write_timeline(const Timeline& timeline, const std::string& path) {
    const bool is_picture = path.ends_with(".svg");
    const mode_t mask = umask(0);
    umask(mask);
    return write_file(path, is_picture ? timeline_svg({{timeline.machine, timeline}}) : timeline_json(timeline), Existing::replace,
                      0666 & ~mask);
}

}  // namespace vmspawn
