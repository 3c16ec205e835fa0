// What tells of a run: a recorded timeline of any bytes is refused, or shown in every form and the same when it is read again; what a guest
// prints gives the same marks in any pieces; and how a machine has ended is read as it was written.
#include "run/boot_marks.hpp"
#include "run/machine_ending.hpp"
#include "run/timeline.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace vmspawn;

void read_record(const std::string& text) {
    Diagnostics found;
    const auto timeline = read_timeline(std::make_shared<const Source>(Source{"fuzz.json", "/fuzz.json", text}), found);
    if (timeline.has_value() == found.has_errors())
        std::abort();
    if (!timeline)
        return;
    const std::string written = timeline_json(*timeline);
    const auto again = read_timeline(std::make_shared<const Source>(Source{"fuzz.json", "/fuzz.json", written}), found);
    if (!again || timeline_json(*again) != written)
        std::abort();
    if (timeline_text({{"A", *timeline}, {"B", *again}}).empty() || timelines_json({"A", *timeline}, {"B", *again}).empty() ||
        timeline_svg({{"A", *timeline}}).empty())
        std::abort();
}

std::vector<TimelineMark> marks_in(std::string_view bytes, std::size_t piece) {
    BootMarks marks;
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece)
        marks.printed(bytes.substr(begin, piece), Moment(1'000'000));
    return marks.found();
}

void read_end(std::string_view bytes) {
    const auto ending = read_ending(bytes);
    const auto again = ending ? read_ending(to_json(*ending)) : std::nullopt;
    if (ending && (!again || again->status != ending->status))
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    read_record(std::string(bytes));
    read_end(bytes);
    if (marks_in(bytes, 1 + data[0] % 16U) != marks_in(bytes, size))
        std::abort();
    return 0;
}
