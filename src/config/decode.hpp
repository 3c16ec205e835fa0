// Merged -> Machine: a typed reader that notes every key it read. One line per field.
#pragma once

#include "base/diagnostic.hpp"
#include "config/merge.hpp"
#include "config/paths.hpp"
#include "model/machine.hpp"

#include <string>
#include <vector>

namespace vmspawn {

struct Decoded {
    Machine machine;
    std::vector<KeyPath> read;  ///< patterns ("mount.*.source") in the order read; a test holds them against the schema
};

/// Needs a validated Merged. Applies the name rule and path bases; then judges the rules of model/rules.
Decoded decode(const Merged& merged, const PathBase& base, Diagnostics& found);

/// The machine's name where no `name` is given: of the definition's file, else the image, else the directory, cleaned; of "/" it is that of
/// the host. May be empty.
std::string derived_name(const Merged& merged, const Machine& machine, const std::string& host_name = {});

/// What boots where neither image.path nor image.directory is said.
enum class DefaultRoot {
    none,               ///< a definition file, or an initrd: nothing is added
    by_name,            ///< only a machine name: an image of that name is looked up
    working_directory,  ///< as systemd-vmspawn
};
DefaultRoot default_root(const Merged& merged);

}  // namespace vmspawn
