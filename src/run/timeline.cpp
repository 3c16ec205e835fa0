#include "run/timeline.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace vmspawn {

namespace {

/// Those of a guest's start, in their order.
constexpr std::array<std::string_view, 6> start_marks{"greeting", "loader", "kernel", "initrd", "userspace", "ready"};

bool is_of_the_loader(std::string_view mark) {
    return mark == "loader" || mark == "kernel";
}

const TimelineSpan* find(const std::vector<TimelineSpan>& spans, std::string_view name) {
    const auto found = std::ranges::find(spans, name, &TimelineSpan::name);
    return found == spans.end() ? nullptr : &*found;
}

const TimelineSpan* later(const TimelineSpan* a, const TimelineSpan* b) {
    return a == nullptr || (b != nullptr && b->ended > a->ended) ? b : a;
}

const TimelineSpan* last_of(const std::vector<std::string>& names, const std::vector<TimelineSpan>& spans) {
    const TimelineSpan* last = nullptr;
    for (const std::string& name : names)
        last = later(last, find(spans, name));
    return last;
}

/// What it waited for last; null: nothing.
const TimelineSpan* last_before(const TimelineSpan& span, const std::vector<TimelineSpan>& spans) {
    if (const TimelineSpan* partner = last_of(span.waits_for, spans); partner != nullptr && partner->ended > span.began)
        return partner;
    const TimelineSpan* last = last_of(span.needs, spans);
    for (const TimelineSpan* one = spans.data(); one != &span; ++one)
        if (one->kind == TimelineSpan::Kind::action && one->ended <= span.began)
            last = later(last, one);
    return last;
}

}  // namespace

const TimelineSpan* Timeline::find_span(std::string_view name) const {
    return find(spans, name);
}

const TimelineMark* Timeline::find_mark(std::string_view name) const {
    const auto found = std::ranges::find(marks, name, &TimelineMark::name);
    return found == marks.end() ? nullptr : &*found;
}

std::vector<TimelineSpan> guest_phases(const std::vector<TimelineMark>& marks) {
    std::vector<TimelineSpan> phases;
    const TimelineMark* before = nullptr;
    for (const std::string_view name : start_marks) {
        const auto mark = std::ranges::find(marks, name, &TimelineMark::name);
        if (mark == marks.end() || (before != nullptr && mark->at < before->at))
            continue;
        if (before != nullptr) {
            const bool is_first = before->name == start_marks.front();
            const std::string first = is_of_the_loader(name) ? "guest.firmware" : "guest";
            phases.push_back({.name = is_first ? first : "guest." + before->name, .what = "", .began = before->at, .ended = mark->at});
        }
        before = &*mark;
    }
    return phases;
}

void mark_critical(std::vector<TimelineSpan>& spans, std::string_view goal) {
    for (TimelineSpan& span : spans)
        span.critical = span.kind == TimelineSpan::Kind::phase;
    std::set<std::string_view> seen;  // a program and QEMU may wait for each other
    for (const TimelineSpan* span = find(spans, goal); span != nullptr && seen.insert(span->name).second; span = last_before(*span, spans))
        spans[static_cast<std::size_t>(span - spans.data())].critical = true;
}

}  // namespace vmspawn
