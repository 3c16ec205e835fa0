// The machines that run on this host, as their runtime directories tell; no daemon knows them.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "run/state_file.hpp"

#include <string>
#include <vector>

namespace vmspawn {

struct ListedMachine {
    std::string name;
    std::string base;  ///< as ClaimName has it
    std::string path;  ///< its runtime directory
    Fd process;        ///< pidfd of its vmspawn
    MachineState state;
    std::string definition, description, image, console_log;  ///< empty: none
    std::uint64_t cpus = 0;
    std::uint64_t ram = 0;               ///< bytes
    std::vector<std::string> announced;  ///< "forward default: 127.0.0.1:4711 -> guest 22"
    bool has_key = false;                ///< vmspawn ssh may get in
};

/// Where machines are looked for: `own` (as ClaimName::base has it), and for root every user's.
std::vector<std::string> machine_bases(const std::string& own, bool root);

/// By name. What a killed vmspawn left is removed on the way.
std::vector<ListedMachine> list_machines(const std::vector<std::string>& bases);
/// ENOENT: no such machine runs.
Result<ListedMachine> find_listed(const std::vector<std::string>& bases, const std::string& name);

}  // namespace vmspawn
