// What is told from a run's spans and marks: phases, the critical path, JSON and back, the table, the picture.
#include "run/timeline.hpp"

#include "base/render.hpp"
#include "base/text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include <algorithm>
#include <sstream>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = TimelineSpan::Kind;
using Outcome = TimelineSpan::Outcome;

TimelineSpan phase(std::string name, int began, int ended) {
    return {.name = std::move(name), .what = "", .began = Moment(began), .ended = Moment(ended)};
}

TimelineSpan resource(std::string name, std::string what, int began, int ended, std::vector<std::string> needs = {}) {
    const bool is_program = what.starts_with("qemu") || what.starts_with("swtpm");
    return {.kind = is_program ? Kind::program : Kind::action,
            .name = std::move(name),
            .what = std::move(what),
            .began = Moment(began),
            .ended = Moment(ended),
            .needs = std::move(needs),
            .waits_for = {}};
}

/// QEMU greets late, as its TPM's state has to be made first.
Timeline run_with_tpm() {
    Timeline timeline{.machine = "hello", .started = 1'795'956'781'000'000, .ended = Moment(2'500'000), .status = 0};
    timeline.spans = {phase("definition", 0, 1200),
                      phase("probe", 1200, 2000),
                      phase("plan", 2000, 2400),
                      resource("image", "open", 2500, 2600),
                      resource("tpm-state", "directory", 2600, 2650),
                      resource("tpm-socket", "pair", 2650, 2700),
                      resource("qemu", "qemu-system-x86_64", 2700, 900'000, {"image", "tpm-socket"}),
                      resource("tpm-setup", "swtpm_setup", 2800, 800'000, {"tpm-state"}),
                      resource("tpm", "swtpm", 800'000, 801'000, {"tpm-setup", "tpm-socket"})};
    timeline.spans[3].key = "image.path";
    timeline.spans[3].reasons = {"writable because <nothing> says \"no\""};
    timeline.spans[6].waits_for = {"tpm"};
    timeline.marks = {{"exec", Moment(2750), "vmspawn"},
                      {"greeting", Moment(900'000), "qmp"},
                      {"kernel", Moment(1'200'000), "console"},
                      {"userspace", Moment(1'900'000), "notify"},
                      {"ready", Moment(2'400'000), "notify"}};
    std::ranges::move(guest_phases(timeline.marks), std::back_inserter(timeline.spans));
    mark_critical(timeline.spans, "qemu");
    return timeline;
}

std::vector<std::string> critical(const std::vector<TimelineSpan>& spans) {
    std::vector<std::string> names;
    for (const TimelineSpan& span : spans)
        if (span.critical)
            names.push_back(span.name);
    return names;
}

std::vector<std::string> shown(const std::vector<TimelineSpan>& phases) {
    std::vector<std::string> all;
    for (const TimelineSpan& one : phases)
        all.push_back(one.name + " " + std::to_string(one.began.count()) + "-" + std::to_string(one.ended.count()));
    return all;
}

TEST(TimelinePhases, ReachFromOneMarkToTheNextThatWasSeen) {
    EXPECT_THAT(
        shown(guest_phases({{"greeting", Moment(10), "qmp"},
                            {"loader", Moment(20), "console"},
                            {"kernel", Moment(30), "console"},
                            {"initrd", Moment(40), "notify"},
                            {"userspace", Moment(50), "notify"},
                            {"ready", Moment(60), "notify"}})),
        ElementsAre("guest.firmware 10-20", "guest.loader 20-30", "guest.kernel 30-40", "guest.initrd 40-50", "guest.userspace 50-60"));
    EXPECT_THAT(shown(guest_phases({{"greeting", Moment(10), "qmp"}, {"kernel", Moment(30), "console"}})),
                ElementsAre("guest.firmware 10-30"));
}

TEST(TimelinePhases, NoneIsMadeUp) {
    EXPECT_THAT(guest_phases({}), IsEmpty());
    EXPECT_THAT(guest_phases({{"greeting", Moment(10), "qmp"}, {"end", Moment(60), "vmspawn"}}), IsEmpty());
    // nothing tells when the kernel began: not all of it was the firmware
    EXPECT_THAT(shown(guest_phases({{"greeting", Moment(10), "qmp"}, {"ready", Moment(60), "notify"}})), ElementsAre("guest 10-60"));
    EXPECT_THAT(shown(guest_phases({{"kernel", Moment(10), "console"}, {"ready", Moment(60), "notify"}})),
                ElementsAre("guest.kernel 10-60"));
    // times that contradict each other
    EXPECT_THAT(shown(guest_phases({{"greeting", Moment(10), "qmp"}, {"kernel", Moment(5), "console"}, {"ready", Moment(60), "notify"}})),
                ElementsAre("guest 10-60"));
}

TEST(TimelineCritical, GoesBackByWhatCameUpLast) {
    EXPECT_THAT(critical(run_with_tpm().spans), ElementsAre("definition", "probe", "plan", "image", "tpm-state", "tpm-socket", "qemu",
                                                            "tpm-setup", "tpm", "guest.firmware", "guest.kernel", "guest.userspace"));
}

TEST(TimelineCritical, ProgramThatRanBesideItIsNotOnThePath) {
    std::vector<TimelineSpan> spans{resource("image", "open", 0, 100), resource("key", "swtpm_setup", 100, 150),  // any program
                                    resource("slow", "unpack", 160, 500), resource("qemu", "qemu-system-x86_64", 500, 900, {"image"}),
                                    resource("link", "link", 510, 800)};
    mark_critical(spans, "qemu");
    EXPECT_THAT(critical(spans), ElementsAre("image", "slow", "qemu")) << "vmspawn was busy with what QEMU does not need";
    spans[3].needs = {"image", "key"};
    spans[2].began = Moment(100);
    spans[2].ended = Moment(140);
    mark_critical(spans, "qemu");
    EXPECT_THAT(critical(spans), ElementsAre("image", "key", "qemu"));
}

TEST(TimelineCritical, PartnerThatWasUpBeforeIsNotWaitedFor) {
    std::vector<TimelineSpan> spans{resource("tpm", "swtpm", 0, 10), resource("image", "open", 10, 20),
                                    resource("qemu", "qemu-system-x86_64", 20, 90, {"image"})};
    spans[2].waits_for = {"tpm"};
    mark_critical(spans, "qemu");
    EXPECT_THAT(critical(spans), ElementsAre("image", "qemu"));
}

TEST(TimelineCritical, EndsInARingAndAtWhatIsMissing) {
    std::vector<TimelineSpan> spans{resource("a", "open", 0, 1, {"b"}), resource("b", "open", 0, 1, {"a", "gone"})};
    mark_critical(spans, "a");
    EXPECT_THAT(critical(spans), ElementsAre("a", "b"));
    mark_critical(spans, "gone");
    EXPECT_THAT(critical(spans), IsEmpty());
}

std::shared_ptr<const Source> source_of(std::string text) {
    return std::make_shared<const Source>(Source{"x.json", "/x.json", std::move(text)});
}

TEST(TimelineJson, IsReadBackAsItWas) {
    Timeline timeline = run_with_tpm();
    timeline.spans[7].outcome = Outcome::failed;
    timeline.spans[8].outcome = Outcome::unfinished;
    const std::string text = timeline_json(timeline);
    Diagnostics found;
    const auto read = read_timeline(source_of(text), found);
    EXPECT_TRUE(found.empty()) << render(found, Colour::no);
    ASSERT_TRUE(read);
    EXPECT_EQ(timeline_json(*read), text);
    EXPECT_EQ(read->machine, "hello");
    EXPECT_EQ(read->marks, timeline.marks);
    EXPECT_EQ(read->find_span("image")->reasons, timeline.spans[3].reasons);
    EXPECT_EQ(read->find_span("qemu")->waits_for, timeline.spans[6].waits_for);
    EXPECT_EQ(read->find_span("tpm-setup")->outcome, Outcome::failed);
    EXPECT_EQ(read->find_span("guest.firmware")->kind, Kind::phase);
    EXPECT_EQ(read->find_span("nothing"), nullptr);
}

std::string problem(const std::string& text) {
    Diagnostics found;
    EXPECT_FALSE(read_timeline(source_of(text), found));
    EXPECT_EQ(found.size(), 1U);
    EXPECT_EQ(found.status(), EINVAL);
    return render(found, Colour::no);
}

std::string changed(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(TimelineJson, WhatIsNoTimelineIsRefusedWithItsPlace) {
    const std::string good = timeline_json(run_with_tpm());
    EXPECT_THAT(problem("{\n  \"version\": 1,\n  \"machine\": x\n}"), HasSubstr("x.json:3:14: error: not JSON"));
    EXPECT_THAT(problem(""), HasSubstr("x.json:1:1: error: not JSON"));
    EXPECT_THAT(problem(good.substr(0, good.size() / 2)), HasSubstr("error: not JSON"));
    EXPECT_THAT(problem("[]"), HasSubstr("x.json: error: not a timeline: the whole is no object"));
    EXPECT_THAT(problem("{}"), HasSubstr("not a timeline: version is missing"));
    EXPECT_THAT(problem(changed(good, "\"version\": 1", "\"version\": 2")), HasSubstr("version is not 1"));
    EXPECT_THAT(problem(changed(good, "\"began\": 0", "\"began\": -1")), HasSubstr("spans[0].began is no whole number from 0"));
    EXPECT_THAT(problem(changed(good, "\"began\": 0", "\"began\": 0.5")), HasSubstr("spans[0].began is no whole number from 0"));
    EXPECT_THAT(problem(changed(good, "\"began\": 0", "\"began\": 18446744073709551615")), HasSubstr("spans[0].began is no whole"));
    EXPECT_THAT(problem(changed(good, "\"began\": 2500", "\"began\": 2601")), HasSubstr("spans[3].ended is before it began"));
    EXPECT_THAT(problem(changed(good, "\"kind\": \"phase\"", "\"kind\": \"fase\"")),
                HasSubstr("spans[0].kind is 'fase', which is unknown"));
    EXPECT_THAT(problem(changed(good, "\"critical\": true", "\"critical\": 1")), HasSubstr("spans[0].critical is neither true nor false"));
    EXPECT_THAT(problem(changed(good, "\"seen-by\"", "\"seen\"")), HasSubstr("marks[0].seen-by is missing"));
    EXPECT_THAT(problem(changed(good, "\"needs\": []", "\"needs\": [1]")), HasSubstr("spans[3].needs holds what is no text"));
}

TEST(TimelineText, OfOne) {
    EXPECT_EQ(timeline_text({{"a.json", run_with_tpm()}}), R"(hello, 2026-11-29 12:53:01 UTC, status 0
900.000 ms to QEMU's greeting, 2400.000 ms to ready, 2500.000 ms in all

  STEP                                 BEGAN ms   LASTED ms  WHAT
* definition                              0.000       1.200
* probe                                   1.200       0.800
* plan                                    2.000       0.400
* image                                   2.500       0.100  open
* tpm-state                               2.600       0.050  directory
* tpm-socket                              2.650       0.050  pair
* qemu                                    2.700     897.300  qemu-system-x86_64
* tpm-setup                               2.800     797.200  swtpm_setup
* tpm                                   800.000       1.000  swtpm
* guest.firmware                        900.000     300.000
* guest.kernel                         1200.000     700.000
* guest.userspace                      1900.000     500.000

  MARK                                  SEEN ms              BY
  exec                                    2.750              vmspawn
  greeting                              900.000              qmp
  kernel                               1200.000              console
  userspace                            1900.000              notify
  ready                                2400.000              notify

* is on the critical path: were it faster, the guest would start sooner
)");
}

Timeline run_without_tpm() {
    Timeline timeline = run_with_tpm();
    timeline.ended = Moment(1'700'000);
    std::erase_if(timeline.spans, [](const TimelineSpan& span) { return span.name.starts_with("tpm") || span.name == "guest.firmware"; });
    timeline.spans[4].ended = Moment(100'000);
    timeline.spans[4].waits_for.clear();
    timeline.marks[1].at = Moment(100'000);
    timeline.marks.pop_back();
    timeline.spans.insert(timeline.spans.begin() + 4, resource("port", "port", 2600, 2700));
    mark_critical(timeline.spans, "qemu");
    return timeline;
}

TEST(TimelineText, OfTwo) {
    EXPECT_EQ(timeline_text({{"a.json", run_with_tpm()}, {"b.json", run_without_tpm()}}), R"(A  a.json
   hello, 2026-11-29 12:53:01 UTC, status 0
   900.000 ms to QEMU's greeting, 2400.000 ms to ready, 2500.000 ms in all
B  b.json
   hello, 2026-11-29 12:53:01 UTC, status 0
   100.000 ms to QEMU's greeting, 1700.000 ms in all

   STEP, HOW LONG                              A ms         B ms        B - A
AB definition                                 1.200        1.200        0.000
AB probe                                      0.800        0.800        0.000
AB plan                                       0.400        0.400        0.000
AB image                                      0.100        0.100        0.000
 B port                                           -        0.100            -
A  tpm-state                                  0.050            -            -
A  tpm-socket                                 0.050            -            -
AB qemu                                     897.300       97.300     -800.000
A  tpm-setup                                797.200            -            -
A  tpm                                        1.000            -            -
A  guest.firmware                           300.000            -            -
AB guest.kernel                             700.000      700.000        0.000
AB guest.userspace                          500.000      500.000        0.000

   MARK, WHEN                                  A ms         B ms        B - A
   exec                                       2.750        2.750        0.000
   greeting                                 900.000      100.000     -800.000
   kernel                                  1200.000     1200.000        0.000
   userspace                               1900.000     1900.000        0.000
   ready                                   2400.000            -            -

A and B in front: on the critical path of that one
)");
}

TEST(TimelineText, FitsEightyColumnsWhateverIsInIt) {
    Timeline odd = run_with_tpm();
    odd.machine = std::string(64, 'm');
    odd.spans[0].name = std::string(100, 'x') + "\033[31m";
    odd.spans[3].what = "ü" + std::string(60, 'y');
    odd.spans[3].outcome = Outcome::unfinished;
    odd.spans[7].ended = odd.spans[8].began = odd.spans[8].ended = Moment(std::int64_t{360'000'000'000});
    for (const auto& sides : {std::vector<NamedTimeline>{{"a", odd}}, {{std::string(200, 'f'), odd}, {"b", run_with_tpm()}}}) {
        std::istringstream lines(timeline_text(sides));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(display_width(line), 80U) << line;
            EXPECT_EQ(line.find('\033'), std::string::npos);
        }
    }
}

TEST(TimelineJson, OfTwoHasDifferences) {
    const std::string text = timelines_json({"a.json", run_with_tpm()}, {"b.json", run_without_tpm()});
    EXPECT_THAT(text, HasSubstr("\"file\": \"b.json\""));
    const auto flat = [&] {
        std::string all;
        std::ranges::remove_copy_if(text, std::back_inserter(all), [](char c) { return c == ' ' || c == '\n'; });
        return all;
    }();
    EXPECT_THAT(flat, HasSubstr(R"({"name":"qemu","a":897300,"b":97300,"difference":-800000,"a-critical":true,"b-critical":true})"));
    EXPECT_THAT(flat, HasSubstr(R"({"name":"ready","a":2400000,"b":null,"difference":null})"));
}

/// Rectangles and their stories, by the name that the story begins with.
std::vector<pugi::xml_node> groups(const pugi::xml_node& picture, const char* shape) {
    std::vector<pugi::xml_node> all;
    for (const pugi::xml_node group : picture.children("g"))
        if (group.child(shape))
            all.push_back(group);
    return all;
}

TEST(TimelineSvg, IsWellFormedAndHasABarForEachSpan) {
    const Timeline timeline = run_with_tpm();
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(timeline_svg({{"hello", timeline}}).c_str()));
    const pugi::xml_node picture = document.child("svg");
    const double width = picture.attribute("width").as_double(), height = picture.attribute("height").as_double();
    std::vector<std::string> names;
    for (const pugi::xml_node group : groups(picture, "rect")) {
        const pugi::xml_node bar = group.child("rect");
        const std::string story = group.child("title").child_value();
        names.push_back(story.substr(0, story.find(':')));
        EXPECT_LE(bar.attribute("x").as_double() + bar.attribute("width").as_double(), width) << story;
        EXPECT_LE(bar.attribute("y").as_double() + bar.attribute("height").as_double(), height) << story;
        const bool is_critical = timeline.find_span(names.back())->critical;
        EXPECT_EQ(is_critical, std::string(bar.attribute("class").value()).find("critical") != std::string::npos) << story;
        const pugi::xml_node value = group.child("text");
        EXPECT_LE(value.attribute("x").as_double() + 7.3 * static_cast<double>(display_width(value.child_value())), width) << story;
    }
    for (const TimelineSpan& span : timeline.spans)
        EXPECT_THAT(names, testing::Contains(span.name));
    EXPECT_EQ(groups(picture, "circle").size(), timeline.marks.size());
    const std::string text = timeline_svg({{"hello", timeline}});
    EXPECT_THAT(text, HasSubstr("◆ qemu"));
    EXPECT_THAT(text, HasSubstr("open for image.path"));
    EXPECT_THAT(text, HasSubstr("- writable because &lt;nothing&gt; says"));
}

TEST(TimelineSvg, OfTwoShowsBothInEachRow) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(timeline_svg({{"a.json", run_with_tpm()}, {"b.json", run_without_tpm()}}).c_str()));
    std::vector<std::string> kinds;
    for (const pugi::xml_node group : groups(document.child("svg"), "rect"))
        if (std::string(group.child("title").child_value()).starts_with("guest.userspace:"))
            kinds.emplace_back(group.child("rect").attribute("class").value());
    EXPECT_THAT(kinds, ElementsAre("phase critical", "phase critical second"));
}

TEST(TimelineSvg, OfARunThatFailedAtOnceAndOfNothing) {
    Timeline failed{.machine = "hello", .started = 0, .ended = Moment(3000), .status = 2};
    failed.spans = {phase("plan", 0, 1000), resource("image", "open", 1000, 1100)};
    failed.spans[1].outcome = Outcome::failed;
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(timeline_svg({{"hello", failed}}).c_str()));
    EXPECT_STREQ(groups(document.child("svg"), "rect").back().child("rect").attribute("class").value(), "failed");
    EXPECT_TRUE(document.load_string(timeline_svg({{"nothing", Timeline{}}}).c_str()));
}

}  // namespace
}  // namespace vmspawn::test
