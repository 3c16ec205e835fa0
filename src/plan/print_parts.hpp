// What the printers of plans share.
#pragma once

#include "plan/paths.hpp"
#include "plan/plan.hpp"

#include <concepts>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Several actions that a printer treats alike, each named so that a new one is not among them unseen.
template <class T, class... These>
concept OneOf = (std::same_as<T, These> || ...);

[[nodiscard]] inline Places places(const Plan& plan) {
    return {plan.directory, plan.home};
}

/// The main facts of an action on one line: "open ./disk.raw, writable". A spawn's words are not in it.
std::string describe(const Action& action, const Places& places);

/// What a child sees otherwise than vmspawn, each on a line: "sees ./tree at /run/…/tree, read-only".
std::vector<std::string> describe(const Namespace& space, const Places& places);

/// Of all credentials whose values stand in files that the plan makes.
std::set<std::string> credential_ids(const Plan& plan);

/// As console.mode spells it; "kept" for what it has no word for.
std::string_view console_word(ConsoleKind kind);

/// A flag with its value, or a word that stands alone.
using WordGroup = std::vector<const Word*>;
std::vector<WordGroup> word_groups(const std::vector<Word>& words);

}  // namespace vmspawn
