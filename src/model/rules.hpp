// Rules between keys, judged once on the whole machine. A rule is a row; the list is the documentation.
#pragma once

#include "base/called_as.hpp"
#include "base/diagnostic.hpp"
#include "model/machine.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// What becomes of a rule when the program is called as systemd-vmspawn.
enum class AsSystemdVmspawn {
    same,
    warns,  ///< what has no effect is taken there
    only,   ///< the rule holds there only
};

struct Rule {
    std::string_view name;  ///< "initrd-needs-kernel"
    std::string_view text;  ///< for the manual: "boot.initrd needs boot.linux or image.directory"
    void (*check)(const Machine&, Diagnostics&);
    AsSystemdVmspawn as_systemd_vmspawn = AsSystemdVmspawn::same;
};

std::span<const Rule> rules();

/// Every rule that holds under this name, in order.
void judge(const Machine& machine, Diagnostics& found, CalledAs called = CalledAs::vmspawn);

/// As a warning for callers of systemd-vmspawn.
Diagnostic left_out(Diagnostic problem);

/// Settings without effect that systemd-vmspawn takes: a warning for each, and their keys.
std::vector<std::string> useless_settings(const Machine& machine, Diagnostics& found);

}  // namespace vmspawn
