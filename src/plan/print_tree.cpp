// A plan as a tree for a narrow terminal: below each resource what it needs. Each is told once; where it is needed again its name is
// enough.
#include "base/text.hpp"
#include "plan/print.hpp"
#include "plan/print_parts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vmspawn {

namespace {

constexpr std::size_t columns = 80;

class PlanTree {
public:
    explicit PlanTree(const Plan& plan) : plan_(plan), places_(places(plan)) {}

    std::string text() {
        text_ = fmt::format("machine {}\n", printable(plan_.machine));
        std::vector<const Resource*> roots;
        for (const Resource& resource : plan_.resources)
            if (is_root(resource))
                roots.push_back(&resource);
        std::ranges::stable_sort(roots, {},
                                 [&](const Resource* root) { return root->id != plan_.qemu; });  // QEMU first: it is what this is about
        for (const Resource* root : roots)
            add(*root, "", root == roots.back());
        return std::move(text_);
    }

private:
    const Plan& plan_;
    Places places_;
    std::string text_;
    std::set<ResourceId> told_;

    [[nodiscard]] bool is_root(const Resource& resource) const {
        return std::ranges::none_of(
            plan_.resources, [&](const Resource& other) { return std::ranges::find(other.needs, resource.id) != other.needs.end(); });
    }

    void line(const std::string& head, std::string_view rest) { text_ += shortened(head + std::string(rest), columns) + "\n"; }

    void add(const Resource& resource, const std::string& before, bool is_last) {
        told_.insert(resource.id);
        line(before + (is_last ? "└─ " : "├─ "), fmt::format("{}: {}", printable(resource.id), describe(resource.up, places_)));
        const std::string below = before + (is_last ? "   " : "│  ");
        std::vector<ResourceId> again;
        std::vector<const Resource*> anew;
        for (const ResourceId& need : resource.needs) {
            if (told_.contains(need))
                again.push_back(printable(need));
            else
                anew.push_back(plan_.find(need));
        }
        add_again(again, below + (anew.empty() ? "└─ " : "├─ "), below + (anew.empty() ? "   " : "│  "));
        for (const Resource* need : anew) {
            if (told_.contains(need->id))
                line(below + (need == anew.back() ? "└─ " : "├─ "), printable(need->id));  // one of its siblings has told it
            else
                add(*need, below, need == anew.back());
        }
    }

    /// Those that stand above already, over as many lines as they take.
    void add_again(const std::vector<ResourceId>& ids, const std::string& first, const std::string& next) {
        std::string head = first, words;
        for (const ResourceId& id : ids) {
            const std::string more = words.empty() ? id : ", " + id;
            if (!words.empty() && display_width(head) + display_width(words) + display_width(more) >= columns) {
                line(head, words + ",");
                head = next;
                words = id;
            } else {
                words += more;
            }
        }
        if (!words.empty())
            line(head, words);
    }
};

}  // namespace

std::string plan_tree(const Plan& plan) {
    return PlanTree(plan).text();
}

}  // namespace vmspawn
