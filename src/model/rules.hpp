// Rules between keys, judged once on the whole machine. A rule is a row; the list is the documentation.
#pragma once

#include "base/diagnostic.hpp"
#include "model/machine.hpp"

#include <span>
#include <string_view>

namespace vmspawn {

struct Rule {
    std::string_view name;  ///< "initrd-needs-kernel"
    std::string_view text;  ///< for the manual: "boot.initrd needs boot.linux or image.directory"
    void (*check)(const Machine&, Diagnostics&);
};

std::span<const Rule> rules();

/// Every rule, in order.
void judge(const Machine& machine, Diagnostics& found);

}  // namespace vmspawn
