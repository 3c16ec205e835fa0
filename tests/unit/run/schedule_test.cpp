#include "run/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Resource resource(ResourceId id, std::vector<ResourceId> needs = {}, OnFailure on_failure = OnFailure::stop) {
    return {.id = std::move(id), .needs = std::move(needs), .up = MakeQmpSocket{}, .on_failure = on_failure};
}

TEST(Schedule, HandsOutWhatNeedsNothingFirst) {
    const std::vector<Resource> resources{resource("a"), resource("b", {"a"}), resource("c")};
    Schedule schedule(resources);
    EXPECT_THAT(schedule.take_ready(), ElementsAre(0, 2));
    EXPECT_THAT(schedule.take_ready(), IsEmpty());
    schedule.started(0);
    EXPECT_THAT(schedule.take_ready(), IsEmpty()) << "started is not yet up";
    schedule.came_up(0);
    EXPECT_THAT(schedule.take_ready(), ElementsAre(1));
}

TEST(Schedule, FailureThatStopsHandsOutNothingMore) {
    const std::vector<Resource> resources{resource("a"), resource("b"), resource("c", {"a"})};
    Schedule schedule(resources);
    schedule.take_ready();
    schedule.started(0);
    schedule.came_up(0);
    schedule.failed(1);
    EXPECT_TRUE(schedule.stopped());
    EXPECT_FALSE(schedule.all_up());
    EXPECT_THAT(schedule.take_ready(), IsEmpty());
    EXPECT_THAT(schedule.teardown(), ElementsAre(0));
}

TEST(Schedule, FailureThatWarnsDropsDependantsOfDependants) {
    const std::vector<Resource> resources{resource("a", {}, OnFailure::warn), resource("b", {"a"}), resource("c", {"b"}), resource("d")};
    Schedule schedule(resources);
    EXPECT_THAT(schedule.take_ready(), ElementsAre(0, 3));
    schedule.failed(0);
    schedule.started(3);
    schedule.came_up(3);
    EXPECT_THAT(schedule.take_ready(), IsEmpty());
    EXPECT_TRUE(schedule.all_up());
    EXPECT_FALSE(schedule.stopped());
}

TEST(Schedule, WhatStartedAndThenFailedIsUndone) {
    const std::vector<Resource> resources{resource("a"), resource("qemu", {"a"})};
    Schedule schedule(resources);
    schedule.take_ready();
    schedule.started(0);
    schedule.came_up(0);
    schedule.take_ready();
    schedule.started(1);
    schedule.failed(1);
    EXPECT_THAT(schedule.teardown(), ElementsAre(1, 0));
}

std::vector<Resource> random_graph(std::mt19937& random) {
    std::vector<Resource> resources;
    const std::size_t count = 1 + random() % 12;
    for (std::size_t index = 0; index < count; ++index) {
        std::vector<ResourceId> needs;
        for (std::size_t earlier = 0; earlier < index; ++earlier) {
            if (random() % 4 == 0)
                needs.push_back("r" + std::to_string(earlier));
        }
        resources.push_back(resource("r" + std::to_string(index), needs, random() % 3 == 0 ? OnFailure::warn : OnFailure::stop));
    }
    return resources;
}

TEST(Schedule, KeepsItsWordOnRandomGraphs) {
    std::mt19937 random(1);
    for (int round = 0; round < 3000; ++round) {
        const std::vector<Resource> resources = random_graph(random);
        Schedule schedule(resources);
        std::vector<std::size_t> arrived;
        std::vector<std::size_t> pending = schedule.take_ready();
        while (!pending.empty()) {
            // Arrivals come in any order.
            std::swap(pending.back(), pending[random() % pending.size()]);
            const std::size_t index = pending.back();
            pending.pop_back();
            for (const ResourceId& need : resources[index].needs)
                ASSERT_TRUE(schedule.is_up(std::stoul(need.substr(1))));
            if (random() % 10 == 0) {
                schedule.failed(index);
            } else {
                schedule.started(index);
                schedule.came_up(index);
                arrived.push_back(index);
            }
            const auto more = schedule.take_ready();
            pending.insert(pending.end(), more.begin(), more.end());
            if (schedule.stopped())
                pending.clear();
        }
        std::ranges::reverse(arrived);
        ASSERT_EQ(schedule.teardown(), arrived);
        ASSERT_NE(schedule.stopped(), schedule.all_up());
    }
}

}  // namespace
}  // namespace vmspawn
