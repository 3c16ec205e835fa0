// The picture of a plan, of every example: well formed, nothing over another thing, every word inside its box.
#include "base/text.hpp"
#include "examples.hpp"
#include "plan/print.hpp"
#include "planned.hpp"

#include <gtest/gtest.h>
#include <pugixml.hpp>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string>
#include <vector>

namespace vmspawn {
namespace {

struct Drawn {
    std::string id, story;
    double x = 0, y = 0, right = 0, bottom = 0, words_end = 0;
};

std::vector<Drawn> boxes_of(const pugi::xml_document& picture) {
    std::vector<Drawn> boxes;
    for (const pugi::xml_node group : picture.child("svg").children("g")) {
        const pugi::xml_node rectangle = group.child("rect");
        Drawn box{.id = group.child("text").child_value(),
                  .story = group.child("title").child_value(),
                  .x = rectangle.attribute("x").as_double(),
                  .y = rectangle.attribute("y").as_double()};
        box.right = box.x + rectangle.attribute("width").as_double();
        box.bottom = box.y + rectangle.attribute("height").as_double();
        for (const pugi::xml_node text : group.children("text"))
            box.words_end =
                std::max(box.words_end, text.attribute("x").as_double() + 7.25 * static_cast<double>(display_width(text.child_value())));
        boxes.push_back(std::move(box));
    }
    return boxes;
}

bool overlap(const Drawn& a, const Drawn& b) {
    return a.x < b.right && b.x < a.right && a.y < b.bottom && b.y < a.bottom;
}

void check_picture(const Plan& plan) {
    pugi::xml_document picture;
    ASSERT_TRUE(picture.load_string(plan_svg(plan).c_str()));
    const std::vector<Drawn> boxes = boxes_of(picture);
    ASSERT_EQ(boxes.size(), plan.resources.size());
    for (std::size_t i = 0; i < boxes.size(); ++i) {
        EXPECT_GE(boxes[i].x, 0);
        EXPECT_LE(boxes[i].right, picture.child("svg").attribute("width").as_double());
        EXPECT_LE(boxes[i].bottom, picture.child("svg").attribute("height").as_double());
        EXPECT_LE(boxes[i].words_end, boxes[i].right) << boxes[i].id;
        for (std::size_t other = 0; other < i; ++other)
            EXPECT_FALSE(overlap(boxes[i], boxes[other])) << boxes[i].id << " and " << boxes[other].id;
    }
    std::size_t needs = 0;
    for (const Resource& resource : plan.resources)
        needs += resource.needs.size();
    const auto edges = picture.child("svg").children("path");
    EXPECT_EQ(static_cast<std::size_t>(std::distance(edges.begin(), edges.end())), needs);
}

TEST(Svg, EveryExampleIsDrawnWithoutOverlap) {
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(test::examples_folder());
    std::size_t drawn = 0;
    for (const auto& example : test::files_in(test::examples_folder(), ".vmspawn")) {
        const test::Outcome made = test::plan_example(example.filename(), test::tests_folder() / "hosts" / "kvm-root.json", "/root");
        if (made.plan.resources.empty())
            continue;
        SCOPED_TRACE(example);
        check_picture(made.plan);
        ++drawn;
    }
    std::filesystem::current_path(before);
    EXPECT_GT(drawn, 10U);
}

TEST(Svg, TellsTheReasonsAndEscapesWhatItShows) {
    Machine machine = direct_machine();
    machine.credentials.push_back(Credential{.id = "a<b>&\"c\"", .source = CredentialText{"x"}});
    const Plan plan = planned(machine).plan;
    pugi::xml_document picture;
    ASSERT_TRUE(picture.load_string(plan_svg(plan).c_str()));
    std::string stories;
    std::set<std::string> ids;
    for (const Drawn& box : boxes_of(picture)) {
        stories += box.story;
        ids.insert(box.id);
    }
    EXPECT_NE(stories.find("accel = tcg because"), std::string::npos);
    EXPECT_TRUE(ids.contains("credential.a<b>&\"c\""));
    check_picture(plan);
}

}  // namespace
}  // namespace vmspawn
