#include "host/json.hpp"
#include "host/qemu_features.hpp"
#include "host/qemu_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace vmspawn {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

const std::string greeting = R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}})"
                             "\r\n";
const std::string target = R"({"return": {"arch": "aarch64"}, "id": "target"})"
                           "\n";

std::string said(const std::string& more) {
    return greeting + target + more;
}

TEST(QemuAnswers, ReadsVersionTargetAndTypes) {
    const ProbedQemu probed =
        read_qmp_answers(said(R"({"return": [{"name": "nvme"}, {"name": "vmgenid"}, {"name": "x"}], "id": "types"})"));
    EXPECT_EQ(probed.facts.problem, "");
    EXPECT_EQ(probed.facts.version, "7.2.22");
    EXPECT_EQ(probed.target, "aarch64");
    EXPECT_THAT(probed.facts.features, UnorderedElementsAre("device/nvme", "device/vmgenid"));
}

TEST(QemuAnswers, KnowsMachinesByNameAndAlias) {
    const ProbedQemu probed = read_qmp_answers(said(R"({"return": [], "id": "types"}
{"return": [{"name": "microvm"}, {"name": "pc-q35-7.2", "alias": "q35"}, {"name": "pc-i440fx-7.2"}], "id": "machines"})"));
    EXPECT_THAT(probed.facts.features, UnorderedElementsAre("machine/microvm", "machine/q35"));
}

TEST(QemuAnswers, SandboxNeedsAllFourDenies) {
    const auto sandbox = [](const std::string& names) {
        return read_qmp_answers(said(R"({"return": [], "id": "types"}
{"return": [{"option": "name"}, {"option": "sandbox", "parameters": [)" +
                                     names + R"(]}], "id": "options"})"))
            .facts.features;
    };
    const std::string some = R"({"name": "enable"}, {"name": "obsolete"}, {"name": "elevateprivileges"}, {"name": "spawn"})";
    EXPECT_THAT(sandbox(some), Not(Contains("sandbox")));
    EXPECT_THAT(sandbox(some + R"(, {"name": "resourcecontrol"})"), Contains("sandbox"));
}

TEST(QemuAnswers, TriedFeaturesNeedSuccess) {
    const std::string types = R"({"return": [], "id": "types"})"
                              "\n";
    EXPECT_THAT(read_qmp_answers(said(types + R"({"return": {}, "id": "aio-io_uring"})")).facts.features, Contains("aio-io_uring"));
    EXPECT_THAT(read_qmp_answers(said(types + R"({"error": {}, "id": "aio-io_uring"})")).facts.features, Not(Contains("aio-io_uring")));
}

TEST(QemuAnswers, EventsAndAnswersWithoutAnIdAreIgnored) {
    const ProbedQemu probed = read_qmp_answers(said(R"({"timestamp": {}, "event": "SHUTDOWN", "data": {}}
{"return": [{"name": "nvme"}]}
{"return": [{"name": 7}, 3, {"name": "pvpanic"}], "id": "types"})"));
    EXPECT_THAT(probed.facts.features, UnorderedElementsAre("device/pvpanic"));
}

TEST(QemuAnswers, OddShapesAreNoCrash) {
    for (const char* line :
         {R"({"return": 3, "id": "types"})", R"({"return": {}, "id": "target"})", R"({"QMP": []})", R"({"QMP": {"version": 3}})",
          R"({"QMP": {"version": {"qemu": {"major": "7"}}}})", R"({"return": [{"option": 3}], "id": "options"})",
          R"({"return": [{"option": "sandbox", "parameters": 3}], "id": "options"})", R"([])", R"({"id": {}, "return": []})"})
        (void)read_qmp_answers(said(line));
    EXPECT_EQ(read_qmp_answers(std::string(1'000'000, '[')).facts.version, "");
}

TEST(QemuAnswers, SilenceGarbageAndHalfAnAnswerDiffer) {
    EXPECT_EQ(read_qmp_answers("").facts.problem, "it ended without a word of QMP");
    EXPECT_THAT(read_qmp_answers("hello\x1b[0m\nworld\n").facts.problem, HasSubstr("'hello\\x1b[0m'"));
    EXPECT_EQ(read_qmp_answers(greeting).facts.problem, "it ended before it had answered");
}

TEST(QemuFeatures, HaveDistinctNamesAndSoundRows) {
    const auto& names = qemu_features();
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
    EXPECT_EQ(feature_rows().size(), names.size());
    for (const FeatureRow& row : feature_rows()) {
        EXPECT_FALSE(row.subject.empty()) << row.name;
        EXPECT_TRUE(row.test != FeatureTest::works || parse_json(row.detail)) << row.name;
    }
}

TEST(QemuFeatures, QuestionsAreLinesOfJsonAndTheLastOneQuits) {
    std::string_view text = std::string_view{};
    const std::string questions = qmp_questions();
    text = questions;
    std::string last;
    while (!text.empty()) {
        const auto end = text.find('\n');
        ASSERT_NE(end, std::string_view::npos);
        const auto line = parse_json(text.substr(0, end));
        ASSERT_TRUE(line && line->contains("execute") && line->contains("id"));
        last = (*line)["execute"].get<std::string>();
        text.remove_prefix(end + 1);
    }
    EXPECT_EQ(last, "quit");
    EXPECT_THAT(questions, HasSubstr(qmp_last_answer()));
}

}  // namespace
}  // namespace vmspawn
