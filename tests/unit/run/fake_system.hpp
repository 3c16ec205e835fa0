// A System without an outside: keeps a log of what was done, holds nothing but names, and fails what it is told to fail.
#pragma once

#include "run/system.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace vmspawn::test {

class FakeSystem final : public System {
public:
    /// The action itself fails: nothing is held.
    void fail(const ResourceId& id, int error = EACCES) { failing_[id] = error; }
    /// The action works, but the resource does not get ready (QEMU dies before its greeting).
    void never_ready(const ResourceId& id) { never_ready_.insert(id); }

    Result<void> perform(const Resource& resource) override {
        if (const auto found = failing_.find(resource.id); found != failing_.end()) {
            log.push_back("fail " + resource.id);
            if (resource.on_failure == OnFailure::go_on)
                done_without_.insert(resource.id);
            return Failure{found->second, "pretend", ""};
        }
        for (const ResourceId& need : resource.needs) {
            if (!held.contains(need) && !done_without_.contains(need))
                log.push_back("too early " + resource.id);
        }
        held.insert(resource.id);
        log.push_back("start " + resource.id);
        if (resource.ready != Readiness::done)
            waiting_.push_back(resource.id);
        return {};
    }

    Arrival wait() override {
        if (waiting_.empty())
            return {"nothing is under way", Failure{EDEADLK, "wait", ""}};
        const ResourceId id = waiting_.front();
        waiting_.erase(waiting_.begin());
        log.push_back((never_ready_.contains(id) ? "lost " : "ready ") + id);
        return {id, never_ready_.contains(id) ? Result<void>(Failure{EIO, "", "it ended with status 1"}) : Result<void>()};
    }

    void undo(const Resource& resource) override {
        log.push_back("undo " + resource.id);
        held.erase(resource.id);
    }

    std::string resolve(const Late& late) const override { return late.resource; }

    /// The names that follow `verb` in the log, in order.
    [[nodiscard]] std::vector<std::string> logged(const std::string& verb) const {
        std::vector<std::string> names;
        for (const std::string& line : log) {
            if (line.starts_with(verb + " "))
                names.push_back(line.substr(verb.size() + 1));
        }
        return names;
    }

    std::vector<std::string> log;
    std::set<ResourceId> held;

private:
    std::map<ResourceId, int> failing_;
    std::set<ResourceId> never_ready_;
    std::set<ResourceId> done_without_;
    std::vector<ResourceId> waiting_;
};

/// Every start was undone, QEMU's first and the others in the exact reverse, and nothing started before what it needs.
inline bool undone_in_reverse(const FakeSystem& system) {
    std::vector<std::string> started = system.logged("start");
    std::ranges::reverse(started);
    std::stable_partition(started.begin(), started.end(), [](const std::string& id) { return id == "qemu"; });
    return system.held.empty() && system.logged("undo") == started && system.logged("too early").empty();
}

}  // namespace vmspawn::test
