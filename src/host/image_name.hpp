// Images by the machine's name, in the directories of machined.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// What the machine directories hold under a name.
struct NamedImage {
    enum class Kind {
        none,
        raw,    ///< NAME.raw, or a block device NAME
        qcow2,  ///< NAME.qcow2
        tree,   ///< a directory NAME
        other,  ///< something of that name that is no image: a plain file without an ending, a socket
    };
    Kind kind = Kind::none;
    std::string path;                   ///< empty: there is none
    std::vector<std::string> searched;  ///< the directories, in the order of the search
};

/// As sd-path(3) and machined have them: for root those of the system, else those of the user first, then those of the system.
std::vector<std::string> machine_directories(std::uint32_t uid, const std::map<std::string, std::string>& environment);

/// The first directory that holds something of that name decides. Links are followed.
NamedImage find_named_image(std::string_view name, std::vector<std::string> directories);

}  // namespace vmspawn
