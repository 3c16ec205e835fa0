// A timeline as a picture: the steps until QEMU runs, and the whole run, each with a scale of its own, as the first are a thousand times
// shorter.
#include "base/text.hpp"
#include "run/timeline.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <sstream>

namespace vmspawn {

namespace {

constexpr double letter_width = 7.3, row_height = 20, bar_height = 12;  ///< of the 12 px monospace font
constexpr double margin = 24, chart_width = 640, value_width = 130;
constexpr std::size_t longest_label = 32;
/// What takes less than this share of the run is not shown once more with the whole.
constexpr double least_share = 0.005;

/// Light and dark as the reader has it. What is critical has a thick border and a sign beside its name, not its colour alone; the second
/// of two is hatched by its dashed border.
constexpr std::string_view style = R"(
svg { font: 12px monospace; background: #ffffff; }
text { fill: #1c1c1c; }
.head { font-weight: bold; }
.quiet, .tick { fill: #555555; }
.tick { text-anchor: middle; }
.grid { stroke: #dddddd; }
.phase { fill: #f3e8fb; stroke: #7a4aa0; }
.program { fill: #e3efff; stroke: #3568a8; }
.action { fill: #e9f6e6; stroke: #4b8a3f; }
.failed { fill: #fbe3e3; stroke: #b03a3a; }
.critical { stroke-width: 2.5; }
.second { stroke-dasharray: 4 2; fill-opacity: 0.45; }
.mark { fill: #1c1c1c; }
@media (prefers-color-scheme: dark) {
svg { background: #17181c; }
text { fill: #ececec; }
.quiet, .tick { fill: #b4b4b4; }
.grid { stroke: #3a3b40; }
.phase { fill: #35253f; stroke: #c195e6; }
.program { fill: #1d324d; stroke: #7fb0ee; }
.action { fill: #22361f; stroke: #86c779; }
.failed { fill: #4a2323; stroke: #ee8f8f; }
.mark { fill: #ececec; }
}
)";

/// One thing of one or both sides, in a row.
struct Row {
    std::string name;
    std::vector<const TimelineSpan*> spans;  ///< one for each side, null where it has none
    std::vector<const TimelineMark*> marks;
};

std::string number(double value) {
    return fmt::format("{:.1f}", value);
}

double in_milliseconds(Moment time) {
    return static_cast<double>(time.count()) / 1000;
}

pugi::xml_node add_text(pugi::xml_node parent, const char* name, const std::string& text) {
    pugi::xml_node node = parent.append_child(name);
    node.append_child(pugi::node_pcdata).set_value(text.c_str());
    return node;
}

/// 1, 2 or 5 times a power of ten: four to ten of them fill the scale.
double step_of(double longest) {
    constexpr double most = 10;
    constexpr std::array growth{2.0, 2.5, 2.0};
    double step = 0.001;
    for (std::size_t i = 0; step * most < longest; ++i)
        step *= growth[i % growth.size()];
    return step;
}

/// When QEMU ran, of the later one; where none did, all is before that.
Moment end_of_preparation(const std::vector<NamedTimeline>& sides) {
    Moment end{};
    for (const NamedTimeline& side : sides) {
        const TimelineMark* exec = side.timeline.find_mark("exec");
        end = std::max(end, exec != nullptr ? exec->at : side.timeline.ended);
    }
    return end;
}

class TimelinePicture {
public:
    explicit TimelinePicture(const std::vector<NamedTimeline>& sides) : sides_(sides), prepared_(end_of_preparation(sides)) {
        for (const NamedTimeline& side : sides)
            whole_ = std::max(whole_, side.timeline.ended);
        collect(&Timeline::spans, &Row::spans);
        collect(&Timeline::marks, &Row::marks);
        for (const Row& row : rows_)
            label_width_ = std::max(label_width_, static_cast<double>(display_width(label_of(row)) + 2) * letter_width);
    }

    std::string draw() {
        svg_ = document_.append_child("svg");
        svg_.append_attribute("xmlns") = "http://www.w3.org/2000/svg";
        add_text(svg_, "title", "Where the time went: " + title());
        add_text(svg_, "style", std::string(style));
        y_ = margin;
        head();
        panel("until QEMU runs", prepared_, [this](const Row& row) { return began_before(row, prepared_); });
        if (prepared_ < whole_)
            panel("the whole run", whole_, [this](const Row& row) { return is_worth_a_row(row); });
        const double width = 2 * margin + label_width_ + chart_width + value_width;
        svg_.append_attribute("width") = number(width).c_str();
        svg_.append_attribute("height") = number(y_).c_str();
        svg_.append_attribute("viewBox") = fmt::format("0 0 {} {}", number(width), number(y_)).c_str();
        std::ostringstream text;
        document_.save(text, " ");
        return text.str();
    }

private:
    const std::vector<NamedTimeline>& sides_;
    const Moment prepared_;
    Moment whole_{};
    std::vector<Row> rows_;
    double label_width_ = 0, y_ = 0;
    pugi::xml_document document_;
    pugi::xml_node svg_;

    template <class Entry>
    void collect(const std::vector<Entry> Timeline::*entries, std::vector<const Entry*> Row::*cells) {
        const std::size_t first = rows_.size();
        for (std::size_t side = 0; side < sides_.size(); ++side)
            for (const Entry& entry : sides_[side].timeline.*entries) {
                auto row = std::find_if(rows_.begin() + static_cast<std::ptrdiff_t>(first), rows_.end(),
                                        [&](const Row& one) { return one.name == entry.name; });
                if (row == rows_.end()) {
                    rows_.push_back({.name = entry.name, .spans = {}, .marks = {}});
                    row = rows_.end() - 1;
                }
                auto& own = (*row).*cells;
                own.resize(sides_.size());
                own[side] = &entry;
            }
    }

    [[nodiscard]] std::string title() const {
        std::string text;
        for (const NamedTimeline& side : sides_)
            text += (text.empty() ? "" : " and ") + printable(side.name);
        return text;
    }

    static bool is_critical(const Row& row) {
        return std::ranges::any_of(row.spans, [](const TimelineSpan* span) { return span != nullptr && span->critical; });
    }

    static std::string label_of(const Row& row) { return (is_critical(row) ? "◆ " : "  ") + shortened(printable(row.name), longest_label); }

    static bool began_before(const Row& row, Moment end) {
        return std::ranges::any_of(row.spans, [end](const TimelineSpan* span) { return span != nullptr && span->began <= end; });
    }

    [[nodiscard]] bool is_worth_a_row(const Row& row) const {
        const auto shows = [this](const TimelineSpan* span) {
            return span != nullptr &&
                   (span->began > prepared_ || in_milliseconds(span->ended - span->began) >= least_share * in_milliseconds(whole_));
        };
        return !row.marks.empty() || std::ranges::any_of(row.spans, shows);
    }

    void head() {
        place(add_text(svg_, "text", "Where the time went: " + title()), "head", margin, y_);
        y_ += row_height;
        const std::string key = sides_.size() == 1 ? "◆ and a thick border: on the critical path"
                                                   : "◆ and a thick border: on the critical path; dashed: " + printable(sides_.back().name);
        place(add_text(svg_, "text", key), "quiet", margin, y_);
        y_ += row_height;
    }

    static void place(pugi::xml_node text, const char* kind, double x, double y) {
        text.append_attribute("class") = kind;
        text.append_attribute("x") = number(x).c_str();
        text.append_attribute("y") = number(y).c_str();
        text.append_attribute("xml:space") = "preserve";
    }

    template <class Shown>
    void panel(const std::string& name, Moment end, const Shown& shown) {
        const double longest = std::max(in_milliseconds(end), 0.001);
        y_ += row_height;
        place(add_text(svg_, "text", name + ", ms"), "head", margin, y_);
        y_ += row_height / 2;
        const double top = y_;
        pugi::xml_node grid = svg_.append_child("g");
        for (const Row& row : rows_)
            if (shown(row)) {
                draw_row(row, longest);
                y_ += row_height * static_cast<double>(std::max(row.spans.size(), row.marks.size()));
            }
        draw_scale(grid, longest, top);
        y_ += 2 * row_height;
    }

    [[nodiscard]] double x_of(double time, double longest) const {
        return margin + label_width_ + std::min(time / longest, 1.0) * chart_width;
    }

    void draw_scale(pugi::xml_node grid, double longest, double top) {
        const double step = step_of(longest);
        for (int i = 0; step * i <= longest; ++i) {
            const double x = x_of(step * i, longest);
            pugi::xml_node line = grid.append_child("line");
            line.append_attribute("class") = "grid";
            for (const auto& [key, value] : {std::pair("x1", x), {"x2", x}, {"y1", top}, {"y2", y_}})
                line.append_attribute(key) = number(value).c_str();
            place(add_text(grid, "text", fmt::format("{:g}", step * i)), "tick", x, y_ + row_height * 0.8);
        }
    }

    void draw_row(const Row& row, double longest) {
        place(add_text(svg_, "text", label_of(row)), "label", margin, y_ + bar_height);
        double y = y_;
        for (std::size_t side = 0; side < std::max(row.spans.size(), row.marks.size()); ++side, y += row_height) {
            if (side < row.spans.size() && row.spans[side] != nullptr)
                draw_span(*row.spans[side], side, longest, y);
            if (side < row.marks.size() && row.marks[side] != nullptr)
                draw_mark(*row.marks[side], longest, y);
        }
    }

    void draw_span(const TimelineSpan& span, std::size_t side, double longest, double y) {
        pugi::xml_node group = svg_.append_child("g");
        add_text(group, "title", story(span));
        const double x = x_of(in_milliseconds(span.began), longest), end = x_of(in_milliseconds(span.ended), longest);
        pugi::xml_node bar = group.append_child("rect");
        for (const auto& [key, value] : {std::pair("x", x), {"y", y + 2}, {"width", std::max(end - x, 2.0)}, {"height", bar_height}})
            bar.append_attribute(key) = number(value).c_str();
        const char* kind = span.outcome == TimelineSpan::Outcome::failed ? "failed"
                           : span.kind == TimelineSpan::Kind::phase      ? "phase"
                           : span.kind == TimelineSpan::Kind::program    ? "program"
                                                                         : "action";
        bar.append_attribute("class") = fmt::format("{}{}{}", kind, span.critical ? " critical" : "", side > 0 ? " second" : "").c_str();
        place(add_text(group, "text", fmt::format("{:.3f}", in_milliseconds(span.ended - span.began))), "quiet", std::max(end, x + 2) + 6,
              y + bar_height);
    }

    void draw_mark(const TimelineMark& mark, double longest, double y) {
        pugi::xml_node group = svg_.append_child("g");
        add_text(group, "title",
                 fmt::format("{}: at {:.3f} ms, seen by {}", printable(mark.name), in_milliseconds(mark.at), printable(mark.seen_by)));
        const double x = x_of(in_milliseconds(mark.at), longest);
        pugi::xml_node point = group.append_child("circle");
        point.append_attribute("class") = "mark";
        for (const auto& [key, value] : {std::pair("cx", x), {"cy", y + 2 + bar_height / 2}, {"r", 3.5}})
            point.append_attribute(key) = number(value).c_str();
        place(add_text(group, "text", fmt::format("{:.3f}", in_milliseconds(mark.at))), "quiet", x + 8, y + bar_height);
    }

    /// Shown when the pointer rests there.
    static std::string story(const TimelineSpan& span) {
        std::string text = fmt::format("{}: {:.3f} ms, from {:.3f} ms on", printable(span.name), in_milliseconds(span.ended - span.began),
                                       in_milliseconds(span.began));
        if (!span.what.empty())
            text += "\n" + printable(span.what) + (span.key.empty() ? "" : " for " + printable(span.key));
        if (span.outcome != TimelineSpan::Outcome::up)
            text += span.outcome == TimelineSpan::Outcome::failed ? "\nit failed" : "\nit was not up before the end";
        if (span.critical)
            text += "\non the critical path";
        for (const std::string& reason : span.reasons)
            text += "\n- " + printable(reason);
        return text;
    }
};

}  // namespace

std::string timeline_svg(const std::vector<NamedTimeline>& sides) {
    return TimelinePicture(sides).draw();
}

}  // namespace vmspawn
