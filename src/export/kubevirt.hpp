// A KubeVirt machine while it is written. Private to this folder.
#pragma once

#include "export/ledger.hpp"
#include "export/way_to_start.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

struct Cluster {
    using Json = nlohmann::ordered_json;

    const Machine& machine;
    Ledger& ledger;
    Arch arch = Arch::x86_64;
    WayToStart way = WayToStart::kernel;
    std::string name;            ///< of the machine, as a cluster spells names
    Json spec = Json::object();  ///< of the template
    Json devices = Json::object();
    std::vector<std::string> names_taken = {};  ///< of disks and interfaces

    /// A name of a disk or an interface: letters, digits and '-', and none twice.
    std::string own_name(std::string_view said);
};

/// Lower-case letters, digits and '-', at most 63; never empty.
std::string cluster_name(std::string_view said);

void add_cluster_firmware(Cluster& cluster);
void add_cluster_disks(Cluster& cluster);
void add_cluster_networks(Cluster& cluster);

}  // namespace vmspawn
