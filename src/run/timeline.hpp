// Where the time of one run went, as a value, and what can be told from it. Pure.
#pragma once

#include "base/diagnostic.hpp"
#include "run/run_clock.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// What took its time: a resource from its action until it was up, or a phase.
struct TimelineSpan {
    enum class Kind {
        phase,
        action,   ///< a resource that vmspawn made by itself: one after another
        program,  ///< one that runs beside it
        request,  ///< to a service of the host
    } kind = Kind::phase;
    enum class Outcome { up, failed, unfinished } outcome = Outcome::up;
    std::string name;  ///< a resource's id; "definition", "probe", "plan"; of the guest "guest.firmware", "guest.kernel", …
    std::string what;  ///< of a resource: its kind or program, "open", "swtpm"
    Moment began{}, ended{};
    std::vector<std::string> needs;      ///< spans that came before, as the plan has it
    std::vector<std::string> waits_for;  ///< spans whose programs it talks to until it is up
    std::string key;                     ///< of the definition, that asked for it: "image.path"
    std::vector<std::string> reasons;
    bool critical = false;  ///< had it been faster, all would have been
};

/// What was seen, and by what.
struct TimelineMark {
    std::string name;
    Moment at{};
    std::string seen_by;  ///< "vmspawn", "qmp", "console", "notify", "command"
    friend bool operator==(const TimelineMark&, const TimelineMark&) = default;
};

struct Timeline {
    std::string machine;
    std::uint64_t started = 0;  ///< microseconds since 1970
    Moment ended{};
    int status = 0;
    std::vector<TimelineSpan> spans;  ///< by their beginning
    std::vector<TimelineMark> marks;  ///< by time

    [[nodiscard]] const TimelineSpan* find_span(std::string_view name) const;
    [[nodiscard]] const TimelineMark* find_mark(std::string_view name) const;
};

/// One phase from each mark of the guest's start that was seen to the next: none is made up. The first is
/// "guest.firmware" where the kernel or its loader was seen to follow, else "guest".
std::vector<TimelineSpan> guest_phases(const std::vector<TimelineMark>& marks);

/// Marks `goal` and, from there back, the one that was up last: of those that it waited for while it came up itself, else of what it
/// needed and of the actions before it, as vmspawn does one at a time. And the phases, which follow one another. In the order of their
/// beginning.
void mark_critical(std::vector<TimelineSpan>& spans, std::string_view goal);

/// {"version":1,…}, which read_timeline() reads back.
std::string timeline_json(const Timeline& timeline);
/// Nothing: `found` says what is wrong with it, with its place where that is known.
std::optional<Timeline> read_timeline(const std::shared_ptr<const Source>& source, Diagnostics& found);

/// A timeline under a name for its column: "A", the file's name.
struct NamedTimeline {
    std::string name;
    Timeline timeline;
};

/// A table in 80 columns, of one timeline or two side by side.
std::string timeline_text(const std::vector<NamedTimeline>& sides);
/// Two side by side: {"version":1,"spans":[{"name","a","b","difference"},…],"marks":[…]}, in microseconds.
std::string timelines_json(const NamedTimeline& a, const NamedTimeline& b);
/// A picture, one file without scripts and fonts of its own. Of two each thing has two bars.
std::string timeline_svg(const std::vector<NamedTimeline>& sides);

}  // namespace vmspawn
