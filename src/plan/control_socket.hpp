// The socket on which a running machine takes requests.
#pragma once

#include <string>
#include <vector>

namespace vmspawn {

/// How a running machine can be given a disk.
struct HotDiskType {
    std::string word;    ///< "virtio-blk"
    std::string driver;  ///< QEMU's; empty: this QEMU has none
    bool scsi = false;   ///< sits on the controller, else in a port of its own
    bool read_only = false;
};

/// "control" in the machine's runtime directory, for its owner alone: io.systemd.MachineInstance by varlink. Undo: closed, and gone.
struct ServeControl {
    std::vector<HotDiskType> disk_types;
    std::vector<std::string> ports;  ///< of PCI Express, free from the start
    std::string controller;          ///< of SCSI disks; empty: it takes a port when there is need
    std::vector<std::string> fixed;  ///< disks that are there from the start
    bool io_uring = false;
};

}  // namespace vmspawn
