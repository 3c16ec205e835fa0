// Machines to judge: a good one, and what a rule says of a changed one.
#pragma once

#include "model/rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// As if a flag had set `key`; the flag's text is the key, so that a test sees where a message points.
inline void say(Machine& machine, const std::string& key) {
    machine.origins[key] = FromArgument{1, key, 0, key.size()};
}

/// A disk image and nothing else: breaks no rule.
inline Machine disk_machine() {
    Machine machine;
    machine.name = "test";
    machine.image.path = "/srv/a.raw";
    say(machine, "image.path");
    return machine;
}

/// A kernel and an initrd: breaks no rule.
inline Machine kernel_machine() {
    Machine machine;
    machine.name = "test";
    machine.boot.linux_image = "/srv/vmlinuz";
    machine.boot.initrds = {"/srv/initrd"};
    say(machine, "boot.linux");
    say(machine, "boot.initrd");
    return machine;
}

struct Verdict {
    std::vector<std::string> places;  ///< the keys under the carets
    std::vector<std::string> notes;   ///< the keys that notes point at
};

inline std::string place(const Origin& at) {
    const auto* argument = std::get_if<FromArgument>(&at);
    return argument != nullptr ? argument->text : "";
}

/// What the one rule finds.
inline Verdict verdict(std::string_view rule_name, const Machine& machine) {
    Diagnostics found;
    bool known = false;
    for (const Rule& rule : rules())
        if (rule.name == rule_name) {
            rule.check(machine, found);
            known = true;
        }
    EXPECT_TRUE(known) << "no rule " << rule_name;
    Verdict all;
    for (const Diagnostic& problem : found) {
        EXPECT_NE(problem.summary, "");
        EXPECT_NE(problem.hint, "") << problem.summary;
        all.places.push_back(place(problem.at));
        for (const Note& note : problem.notes) {
            EXPECT_FALSE(note.text.starts_with(' ')) << problem.summary;
            all.notes.push_back(place(note.at));
        }
    }
    return all;
}

/// The rule is broken under `at` (several: in this order).
inline void expect_broken(std::string_view rule_name, const Machine& machine, const std::vector<std::string>& at) {
    EXPECT_EQ(verdict(rule_name, machine).places, at) << rule_name;
}

inline void expect_kept(std::string_view rule_name, const Machine& machine) {
    EXPECT_EQ(verdict(rule_name, machine).places, std::vector<std::string>{}) << rule_name;
}

}  // namespace vmspawn
