#include "run/descendants.hpp"

#include <fmt/format.h>

#include <fstream>

namespace vmspawn {

std::vector<pid_t> with_descendants(const std::vector<pid_t>& processes) {
    std::vector<pid_t> all = processes;
    for (std::size_t i = 0; i < all.size(); ++i) {  // it grows meanwhile
        std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", all[i]));
        for (pid_t child = 0; children >> child;)
            all.push_back(child);
    }
    return all;
}

}  // namespace vmspawn
