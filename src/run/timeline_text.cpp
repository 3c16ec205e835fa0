// Timelines for people, in 80 columns, and two of them as data.
#include "base/text.hpp"
#include "run/timeline.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <set>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t name_width = 34, number_width = 11, side_width = 36;

std::string spelled(Moment time) {
    constexpr Moment long_time = std::chrono::minutes(15);
    return fmt::format("{:.{}f}", static_cast<double>(time.count()) / 1000, time > long_time ? 0 : 3);
}

/// In so many columns, whatever letters it has.
std::string padded(const std::string& text, std::size_t columns) {
    const std::string shown = shortened(printable(text), columns);
    return shown + std::string(columns - std::min(columns, display_width(shown)), ' ');
}

std::string without_blanks_at_end(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
}

std::string date_of(const Timeline& timeline) {
    const auto seconds = static_cast<std::time_t>(timeline.started / 1'000'000);
    std::tm date{};
    gmtime_r(&seconds, &date);
    return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC", date);
}

/// Two lines, each after `indent`: whose it is, and how long it took.
std::string summary(const Timeline& timeline, std::string_view indent) {
    constexpr std::size_t most_columns = 40;
    std::string text = fmt::format("{}{}, {}, status {}\n{}", indent, shortened(printable(timeline.machine), most_columns),
                                   date_of(timeline), timeline.status, indent);
    if (const TimelineMark* greeting = timeline.find_mark("greeting"))
        text += fmt::format("{} ms to QEMU's greeting, ", spelled(greeting->at));
    if (const TimelineMark* ready = timeline.find_mark("ready"))
        text += fmt::format("{} ms to ready, ", spelled(ready->at));
    return text + fmt::format("{} ms in all\n", spelled(timeline.ended));
}

std::string how(const TimelineSpan& span) {
    switch (span.outcome) {
        case TimelineSpan::Outcome::failed:
            return "failed: " + span.what;
        case TimelineSpan::Outcome::unfinished:
            return "unfinished: " + span.what;
        case TimelineSpan::Outcome::up:
            break;
    }
    return span.what;
}

std::string text_of_one(const Timeline& timeline) {
    std::string text = summary(timeline, "") + "\n";
    const auto row = [&](char sign, const std::string& name, const std::string& begin, const std::string& length, const std::string& last) {
        text += without_blanks_at_end(fmt::format("{} {}{:>{}} {:>{}}  {}", sign, padded(name, name_width), begin, number_width, length,
                                                  number_width, padded(last, 78 - name_width - 2 * number_width - 3)));
    };
    row(' ', "STEP", "BEGAN ms", "LASTED ms", "WHAT");
    for (const TimelineSpan& span : timeline.spans)
        row(span.critical ? '*' : ' ', span.name, spelled(span.began), spelled(span.ended - span.began), how(span));
    text += "\n";
    row(' ', "MARK", "SEEN ms", "", "BY");
    for (const TimelineMark& mark : timeline.marks)
        row(' ', mark.name, spelled(mark.at), "", mark.seen_by);
    return text + "\n* is on the critical path: were it faster, the guest would start sooner\n";
}

/// The names of the first, each followed by those of the second that follow it there.
template <class Entry>
std::vector<std::string> names_of_both(const std::vector<Entry>& a, const std::vector<Entry>& b) {
    std::vector<std::string> names;
    for (const Entry& entry : a)
        if (std::ranges::find(names, entry.name) == names.end())
            names.push_back(entry.name);
    auto place = names.begin();
    for (const Entry& entry : b) {
        const auto known = std::ranges::find(names, entry.name);
        place = known != names.end() ? known + 1 : names.insert(place, entry.name) + 1;
    }
    return names;
}

struct Pair {
    std::string name;
    std::optional<Moment> a, b;
    bool a_critical = false, b_critical = false;

    [[nodiscard]] std::optional<Moment> difference() const { return a && b ? std::optional(*b - *a) : std::nullopt; }
};

std::vector<Pair> span_pairs(const Timeline& a, const Timeline& b) {
    std::vector<Pair> pairs;
    for (const std::string& name : names_of_both(a.spans, b.spans)) {
        Pair& pair = pairs.emplace_back(Pair{.name = name, .a = {}, .b = {}});
        if (const TimelineSpan* span = a.find_span(name)) {
            pair.a = span->ended - span->began;
            pair.a_critical = span->critical;
        }
        if (const TimelineSpan* span = b.find_span(name)) {
            pair.b = span->ended - span->began;
            pair.b_critical = span->critical;
        }
    }
    return pairs;
}

std::vector<Pair> mark_pairs(const Timeline& a, const Timeline& b) {
    std::vector<Pair> pairs;
    for (const std::string& name : names_of_both(a.marks, b.marks)) {
        const TimelineMark* first = a.find_mark(name);
        const TimelineMark* second = b.find_mark(name);
        pairs.push_back({.name = name,
                         .a = first != nullptr ? std::optional(first->at) : std::nullopt,
                         .b = second != nullptr ? std::optional(second->at) : std::nullopt});
    }
    return pairs;
}

std::string text_of_two(const NamedTimeline& a, const NamedTimeline& b) {
    constexpr std::size_t longest_file = 77;
    std::string text = fmt::format("A  {}\n{}B  {}\n{}\n", shortened(printable(a.name), longest_file), summary(a.timeline, "   "),
                                   shortened(printable(b.name), longest_file), summary(b.timeline, "   "));
    const auto row = [&](std::string_view signs, const std::string& name, std::string_view first, std::string_view second,
                         std::string_view difference) {
        text += fmt::format("{} {}{:>{w}} {:>{w}} {:>{w}}\n", signs, padded(name, side_width), first, second, difference,
                            fmt::arg("w", number_width + 1));
    };
    const auto rows = [&](const std::vector<Pair>& pairs) {
        for (const Pair& pair : pairs) {
            const std::string signs = std::string(pair.a_critical ? "A" : " ") + (pair.b_critical ? "B" : " ");
            const auto difference = pair.difference();
            row(signs, pair.name, pair.a ? spelled(*pair.a) : "-", pair.b ? spelled(*pair.b) : "-",
                difference ? (difference->count() > 0 ? "+" : "") + spelled(*difference) : "-");
        }
    };
    row("  ", "STEP, HOW LONG", "A ms", "B ms", "B - A");
    rows(span_pairs(a.timeline, b.timeline));
    text += "\n";
    row("  ", "MARK, WHEN", "A ms", "B ms", "B - A");
    rows(mark_pairs(a.timeline, b.timeline));
    return text + "\nA and B in front: on the critical path of that one\n";
}

Json number_or_null(const std::optional<Moment>& time) {
    return time ? Json(time->count()) : Json();
}

Json pairs_json(const std::vector<Pair>& pairs, bool are_spans) {
    Json all = Json::array();
    for (const Pair& pair : pairs) {
        Json record{{"name", pair.name},
                    {"a", number_or_null(pair.a)},
                    {"b", number_or_null(pair.b)},
                    {"difference", number_or_null(pair.difference())}};
        if (are_spans)
            record.update({{"a-critical", pair.a_critical}, {"b-critical", pair.b_critical}});
        all.push_back(std::move(record));
    }
    return all;
}

}  // namespace

std::string timeline_text(const std::vector<NamedTimeline>& sides) {
    return sides.size() == 1 ? text_of_one(sides.front().timeline) : text_of_two(sides.front(), sides.back());
}

std::string timelines_json(const NamedTimeline& a, const NamedTimeline& b) {
    const auto side = [](const NamedTimeline& one) {
        return Json{{"file", one.name},
                    {"machine", one.timeline.machine},
                    {"started", one.timeline.started},
                    {"ended", one.timeline.ended.count()},
                    {"status", one.timeline.status}};
    };
    const Json record{{"version", 1},
                      {"a", side(a)},
                      {"b", side(b)},
                      {"spans", pairs_json(span_pairs(a.timeline, b.timeline), true)},
                      {"marks", pairs_json(mark_pairs(a.timeline, b.timeline), false)}};
    return record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vmspawn
