#include "plan/password.hpp"

#include <algorithm>

namespace vmspawn {

namespace {

struct Leave {
    bool operator()(const MakeScope& scope) const { return scope.may_ask; }
    bool operator()(const RegisterMachine& entry) const { return entry.may_ask; }
    template <class Other>
    bool operator()(const Other&) const {
        return false;
    }
};

}  // namespace

Plan without_questions(Plan plan) {
    for (Resource& resource : plan.resources) {
        if (auto* scope = std::get_if<MakeScope>(&resource.up))
            scope->may_ask = false;
        if (auto* entry = std::get_if<RegisterMachine>(&resource.up))
            entry->may_ask = false;
    }
    return plan;
}

bool may_ask(const Plan& plan) {
    return std::ranges::any_of(plan.resources, [](const Resource& resource) { return std::visit(Leave(), resource.up); });
}

}  // namespace vmspawn
