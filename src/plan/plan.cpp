#include "plan/plan.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace vmspawn {

namespace {

using ById = std::map<std::string_view, const Resource*>;

/// Walks the needs from `at`; returns the ring "a -> b -> a" as soon as the path comes back to itself.
std::string find_ring(const ById& by_id, const Resource& at, std::vector<std::string>& path, std::set<std::string>& settled) {
    if (const auto seen = std::find(path.begin(), path.end(), at.id); seen != path.end()) {
        std::string ring;
        for (auto step = seen; step != path.end(); ++step)
            ring += *step + " -> ";
        return ring + at.id;
    }
    if (settled.contains(at.id))
        return {};
    path.push_back(at.id);
    for (const ResourceId& need : at.needs)
        if (const auto next = by_id.find(need); next != by_id.end())
            if (std::string ring = find_ring(by_id, *next->second, path, settled); !ring.empty())
                return ring;
    path.pop_back();
    settled.insert(at.id);
    return {};
}

std::vector<ResourceId> mentioned(const std::vector<Word>& words) {
    std::vector<ResourceId> ids;
    for (const Word& word : words)
        for (const auto& part : word.parts)
            if (const auto* late = std::get_if<Late>(&part))
                ids.push_back(late->resource);
    return ids;
}

bool contains(const std::vector<ResourceId>& ids, const ResourceId& id) {
    return std::ranges::find(ids, id) != ids.end();
}

/// Takes out the words that go with `id`, and the needs that only they had.
void drop_words(Resource& resource, const ResourceId& id) {
    auto* spawn = std::get_if<Spawn>(&resource.up);
    if (spawn == nullptr)
        return;
    const std::vector<ResourceId> before = mentioned(spawn->arguments);
    std::erase_if(spawn->arguments, [&](const Word& word) { return word.optional == id; });
    const std::vector<ResourceId> after = mentioned(spawn->arguments);
    std::erase_if(resource.needs, [&](const ResourceId& need) { return contains(before, need) && !contains(after, need); });
}

void add_words(Resource& resource, const std::vector<Word>& words) {
    auto& arguments = std::get<Spawn>(resource.up).arguments;
    arguments.insert(arguments.end(), words.begin(), words.end());
    for (const ResourceId& id : mentioned(words))
        if (!contains(resource.needs, id))
            resource.needs.push_back(id);
}

}  // namespace

std::string_view to_word(Readiness ready) {
    switch (ready) {
        case Readiness::done:
            return "done";
        case Readiness::greeting:
            return "greeting";
        case Readiness::ended:
            return "ended";
        case Readiness::connected:
            return "connected";
        case Readiness::answered:
            return "answered";
    }
    return "";
}

std::string kind_text(const Resource& resource) {
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    return spawn != nullptr ? spawn->program.substr(spawn->program.rfind('/') + 1) : std::string(kind_of(resource.up));
}

Plan without(const Plan& plan, const ResourceId& id) {
    Plan rest = plan;
    for (Resource& resource : rest.resources)
        drop_words(resource, id);
    if (const Resource* dropped = plan.find(id))
        add_words(*std::ranges::find(rest.resources, rest.qemu, &Resource::id), dropped->instead);
    // Needs stand before those who need them, so one pass backwards meets each after all who may need it.
    std::vector<ResourceId> candidates{id};
    for (auto at = rest.resources.end(); at != rest.resources.begin();) {
        --at;
        const bool needed = std::ranges::any_of(rest.resources, [&](const Resource& other) { return contains(other.needs, at->id); });
        if (!contains(candidates, at->id) || needed)
            continue;
        candidates.insert(candidates.end(), at->needs.begin(), at->needs.end());
        at = rest.resources.erase(at);
    }
    return rest;
}

Plan with_fewer_helpers(const Plan& plan) {
    Plan rest = plan;
    for (const Resource& resource : plan.resources)
        if (!resource.instead.empty())
            rest = without(rest, resource.id);
    return rest;
}

std::string_view to_word(OnFailure reaction) {
    switch (reaction) {
        case OnFailure::stop:
            return "stop";
        case OnFailure::warn:
            return "warn";
        case OnFailure::go_on:
            return "go-on";
        case OnFailure::drop_words:
            return "drop-words";
    }
    return "";
}

const Resource* Plan::find(std::string_view id) const {
    const auto found = std::find_if(resources.begin(), resources.end(), [&](const Resource& r) { return r.id == id; });
    return found == resources.end() ? nullptr : &*found;
}

std::string check_order(const std::vector<Resource>& resources) {
    ById by_id;
    for (const Resource& resource : resources)
        if (!by_id.emplace(resource.id, &resource).second)
            return "two resources are called '" + resource.id + "'";

    std::vector<std::string> path;
    std::set<std::string> settled;
    for (const Resource& resource : resources)
        if (std::string ring = find_ring(by_id, resource, path, settled); !ring.empty())
            return "a ring of needs: " + ring;

    std::set<std::string_view> earlier;
    for (const Resource& resource : resources) {
        for (const ResourceId& need : resource.needs) {
            if (!by_id.contains(need))
                return "'" + resource.id + "' needs '" + need + "', which does not exist";
            if (!earlier.contains(need))
                return "'" + resource.id + "' stands before '" + need + "', which it needs";
        }
        earlier.insert(resource.id);
    }
    return {};
}

}  // namespace vmspawn
