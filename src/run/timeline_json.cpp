// A timeline as data, version 1.
#include "base/text.hpp"
#include "run/timeline.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;
using Outcome = TimelineSpan::Outcome;

constexpr int json_version = 1;
constexpr std::size_t most_entries = 10'000;
constexpr std::array<std::pair<TimelineSpan::Kind, std::string_view>, 4> kinds{{{TimelineSpan::Kind::phase, "phase"},
                                                                                {TimelineSpan::Kind::action, "action"},
                                                                                {TimelineSpan::Kind::program, "program"},
                                                                                {TimelineSpan::Kind::request, "request"}}};
constexpr std::array<std::pair<Outcome, std::string_view>, 3> outcomes{
    {{Outcome::up, "up"}, {Outcome::failed, "failed"}, {Outcome::unfinished, "unfinished"}}};

template <class Words>
std::string_view word_of(const Words& words, typename Words::value_type::first_type value) {
    return std::ranges::find(words, value, &Words::value_type::first)->second;
}

Json span_json(const TimelineSpan& span) {
    Json record{{"name", span.name},           {"kind", word_of(kinds, span.kind)},          {"began", span.began.count()},
                {"ended", span.ended.count()}, {"outcome", word_of(outcomes, span.outcome)}, {"critical", span.critical}};
    if (span.kind == TimelineSpan::Kind::phase)
        return record;
    record["what"] = span.what;
    record["key"] = span.key;
    record["needs"] = span.needs;
    record["waits-for"] = span.waits_for;
    record["reasons"] = span.reasons;
    return record;
}

/// What is wrong, thrown by the readers and caught in read_timeline() only.
struct NoTimeline {
    std::string text;
};

/// One object of the file; `name` is for complaints: "spans[3].".
class ObjectIn {
public:
    ObjectIn(const Json& value, std::string name) : value_(value), name_(std::move(name)) {
        if (!value.is_object())
            throw NoTimeline{(name_.empty() ? "the whole" : name_.substr(0, name_.size() - 1)) + " is no object"};
    }

    [[nodiscard]] const Json& at(const char* key) const {
        const auto found = value_.find(key);
        if (found == value_.end())
            refuse(key, "is missing");
        return *found;
    }
    [[nodiscard]] bool has(const char* key) const { return value_.contains(key); }

    [[nodiscard]] std::string text(const char* key) const {
        if (!at(key).is_string())
            refuse(key, "is no text");
        return at(key).get<std::string>();
    }
    [[nodiscard]] bool boolean(const char* key) const {
        if (!at(key).is_boolean())
            refuse(key, "is neither true nor false");
        return at(key).get<bool>();
    }
    [[nodiscard]] std::int64_t number(const char* key) const {
        constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max() / 1000;  // sums and shares of it are in range, too
        if (!at(key).is_number_unsigned() || at(key).get<std::uint64_t>() > most)
            refuse(key, "is no whole number from 0");
        return static_cast<std::int64_t>(at(key).get<std::uint64_t>());
    }
    [[nodiscard]] Moment moment(const char* key) const { return Moment(number(key)); }
    [[nodiscard]] std::vector<std::string> texts(const char* key) const {
        std::vector<std::string> all;
        for (const Json& one : list(key)) {
            if (!one.is_string())
                refuse(key, "holds what is no text");
            all.push_back(one.get<std::string>());
        }
        return all;
    }
    [[nodiscard]] const Json& list(const char* key) const {
        if (!at(key).is_array())
            refuse(key, "is no list");
        if (at(key).size() > most_entries)
            refuse(key, fmt::format("has more than {} entries", most_entries));
        return at(key);
    }
    template <class Words>
    [[nodiscard]] auto word(const char* key, const Words& words) const {
        const std::string said = text(key);
        const auto found = std::ranges::find(words, said, &Words::value_type::second);
        if (found == words.end())
            refuse(key, fmt::format("is '{}', which is unknown", printable(said)));
        return found->first;
    }
    [[noreturn]] void refuse(const char* key, std::string_view what) const { throw NoTimeline{fmt::format("{}{} {}", name_, key, what)}; }

private:
    const Json& value_;
    std::string name_;
};

TimelineSpan span_in(const ObjectIn& in) {
    TimelineSpan span{.kind = in.word("kind", kinds),
                      .outcome = in.word("outcome", outcomes),
                      .name = in.text("name"),
                      .what = "",
                      .began = in.moment("began"),
                      .ended = in.moment("ended"),
                      .critical = in.boolean("critical")};
    if (span.ended < span.began)
        in.refuse("ended", "is before it began");
    if (span.kind == TimelineSpan::Kind::phase)
        return span;
    span.what = in.text("what");
    span.key = in.text("key");
    span.needs = in.texts("needs");
    span.waits_for = in.texts("waits-for");
    span.reasons = in.texts("reasons");
    return span;
}

Timeline timeline_in(const Json& record) {
    const ObjectIn whole(record, "");
    if (whole.number("version") != json_version)
        whole.refuse("version", fmt::format("is not {}", json_version));
    Timeline timeline{.machine = whole.text("machine"),
                      .started = static_cast<std::uint64_t>(whole.number("started")),
                      .ended = whole.moment("ended"),
                      .status = static_cast<int>(std::min<std::int64_t>(whole.number("status"), 255))};
    std::size_t place = 0;
    for (const Json& span : whole.list("spans"))
        timeline.spans.push_back(span_in({span, fmt::format("spans[{}].", place++)}));
    place = 0;
    for (const Json& mark : whole.list("marks")) {
        const ObjectIn in(mark, fmt::format("marks[{}].", place++));
        timeline.marks.push_back({.name = in.text("name"), .at = in.moment("at"), .seen_by = in.text("seen-by")});
    }
    return timeline;
}

/// Of the byte with that number, from 1.
Position position_of(std::string_view text, std::size_t byte) {
    const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
    const std::size_t line_start = before.rfind('\n') + 1;
    return {static_cast<std::uint32_t>(std::ranges::count(before, '\n') + 1),
            static_cast<std::uint32_t>(code_points(before.substr(line_start)) + 1)};
}

}  // namespace

std::string timeline_json(const Timeline& timeline) {
    Json spans = Json::array();
    for (const TimelineSpan& span : timeline.spans)
        spans.push_back(span_json(span));
    Json marks = Json::array();
    for (const TimelineMark& mark : timeline.marks)
        marks.push_back({{"name", mark.name}, {"at", mark.at.count()}, {"seen-by", mark.seen_by}});
    const Json record{{"version", json_version},         {"machine", timeline.machine}, {"started", timeline.started},
                      {"ended", timeline.ended.count()}, {"status", timeline.status},   {"spans", std::move(spans)},
                      {"marks", std::move(marks)}};
    return record.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Timeline> read_timeline(const std::shared_ptr<const Source>& source, Diagnostics& found) {
    try {
        return timeline_in(Json::parse(source->text));
    } catch (const Json::parse_error& problem) {
        const Position at = position_of(source->text, problem.byte);
        found.add(error("not JSON", FromFile{source, {at, {at.line, at.column + 1}}}).with_hint("here it cannot go on like this"));
    } catch (const Json::exception&) {  // a number too large for a double is thrown, too
        found.add(error("not a timeline: it has a number that is none", FromFile{source, {}}));
    } catch (const NoTimeline& problem) {
        found.add(error("not a timeline: " + problem.text, FromFile{source, {}})
                      .with_hint("expected what vmspawn run --timeline=FILE.json writes"));
    }
    return std::nullopt;
}

}  // namespace vmspawn
