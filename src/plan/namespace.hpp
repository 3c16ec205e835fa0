// What a child sees otherwise than vmspawn, as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vmspawn {

/// `count` ids from `inside` on are those from `outside` on of the host.
struct IdSpan {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 1;
};

/// A directory or file of the host that a child finds again at stage/`name`, with all that is mounted below it.
struct BindMount {
    std::string source;
    std::string name;  ///< "tree", or "tree/hosts": a file in a directory of its own
    bool file = false;
    bool read_only = false;
    bool throw_away = false;  ///< a directory: what is written there is kept in memory and ends with the child
};

/// What only this child sees.
struct Namespace {
    std::vector<IdSpan> uids, gids;  ///< of a user namespace, in which the child is root; empty: none
    std::string uid_tool, gid_tool;  ///< newuidmap and newgidmap; empty: vmspawn writes the ids by itself
    std::string stage;               ///< this directory is replaced by an empty one, made for the mounts; empty: none
    std::vector<BindMount> mounts;
    bool mounts_first = false;  ///< mounts are made with vmspawn's own rights, before the user namespace
};

}  // namespace vmspawn
