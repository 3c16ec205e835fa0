// A file and what it includes, lowest first; the chosen profile on top. Stops include cycles with a message that shows the ring.
#pragma once

#include "config/document.hpp"
#include "language/schema.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// Trees in rising precedence: includes in order (each after its own includes), the file, its profile. Each tree was validated;
/// `include` and `profile` are taken out.
struct Layers {
    std::vector<Table> trees;
    std::filesystem::path file;  ///< absolute path of the definition; empty without one
    std::string name;            ///< of the definition as typed
};

/// Every profile of every file is judged, also those not chosen. An unknown profile is an error at `profile_at`.
/// `home` is where an include of "~/…" starts; empty: that is an error.
Layers read_layers(const Language& language, const std::string& file, const std::string& profile, const Origin& profile_at,
                   Diagnostics& found, const std::filesystem::path& home = {});

}  // namespace vmspawn
