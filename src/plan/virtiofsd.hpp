// The command that serves one directory or file of the host to the guest.
#pragma once

#include "plan/contributors.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmspawn {

/// One user of the host who has another number in the guest.
struct OwnerIds {
    std::uint32_t guest = 0;         ///< of the user and of their group
    std::uint32_t uid = 0, gid = 0;  ///< on the host
};

struct ServedTree {
    ResourceId socket;  ///< its Listen
    std::string key;    ///< "image.directory", "mount.src.source"
    Path path;
    bool file = false;  ///< it is served as the one file "file" of a directory
    bool read_only = false;
    bool throw_away = false;  ///< a directory that stays as it is whatever the guest writes
    bool submounts = false;   ///< the guest is told where other file systems begin
    Cache cache = Cache::close_to_open;
    std::optional<IdShift> shift;
    std::optional<OwnerIds> owner;  ///< whose tree it is; never with `shift`
};

struct Server {
    Spawn spawn;
    std::vector<ResourceId> needs;
    std::vector<std::string> reasons;
};

/// Nothing after adding the problem: no virtiofsd, or ids that this user may not give.
std::optional<Server> plan_server(Planning&, const ServedTree& tree);

/// Whether this user may use these ids as their own.
bool is_granted(const Planning&, const IdShift& shift);

}  // namespace vmspawn
