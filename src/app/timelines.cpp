// The verb about recorded runs.
#include "app/output.hpp"
#include "app/verbs.hpp"
#include "base/file.hpp"
#include "run/timeline.hpp"

#include <filesystem>

namespace vmspawn {

namespace {

std::optional<NamedTimeline> timeline_of(const std::string& file, int word, Diagnostics& found) {
    constexpr std::size_t largest = std::size_t{16} << 20;
    const Result<std::string> text = read_file(file, largest);
    if (!text) {
        found.add(error(to_string(text.failure()), FromArgument{word, file, 0, file.size()}).with_error(text.failure().error));
        return std::nullopt;
    }
    std::error_code gone;
    const auto source = std::make_shared<const Source>(Source{file, std::filesystem::absolute(file, gone), *text});
    std::optional<Timeline> timeline = read_timeline(source, found);
    return timeline ? std::optional(NamedTimeline{file, *std::move(timeline)}) : std::nullopt;
}

}  // namespace

int show_timelines(const Invocation& said, Diagnostics found) {
    std::vector<NamedTimeline> sides;
    for (std::size_t i = 0; !found.has_errors() && i < said.files.size(); ++i)
        if (auto side = timeline_of(said.files[i], static_cast<int>(i) + 2, found))
            sides.push_back(*std::move(side));
    if (const int status = report(std::move(found), said.format); status != 0)
        return status;
    if (said.format == "svg")
        return print(timeline_svg(sides));
    if (said.format != "json")
        return print(timeline_text(sides));
    return print(sides.size() == 1 ? timeline_json(sides.front().timeline) : timelines_json(sides.front(), sides.back()));
}

}  // namespace vmspawn
