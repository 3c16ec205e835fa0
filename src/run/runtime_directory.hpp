// BASE/systemd/vmspawn/NAME: made private to one run, held by a lock, cleaned of what a killed vmspawn left, removed at the end.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <string>
#include <vector>

namespace vmspawn {

/// While `directory` is open the name is taken: its lock is on that descriptor.
struct RuntimeDirectory {
    struct Made {
        Fd parent;
        std::string name;
    };
    std::vector<Made> made;  ///< directories above that did not exist before, outermost first
    Fd parent;
    Fd directory;
    std::string name;
    std::string link;  ///< as ClaimName::linked_in asks for; empty: there is none
};

/// EBUSY naming the holder; EEXIST when something that vmspawn did not make is in the way (it is left alone).
Result<RuntimeDirectory> claim_runtime_directory(const ClaimName& action);

/// Removes the directory with all that is in it, and those above that this run made and nobody else uses.
Result<void> release_runtime_directory(RuntimeDirectory directory);

/// A symbolic link beside it.
struct KeyLink {
    Fd parent;
    std::string name;
};
/// As LinkKey says.
Result<KeyLink> link_key(const RuntimeDirectory& directory, const std::string& file);
void unlink_key(const KeyLink& link);

}  // namespace vmspawn
