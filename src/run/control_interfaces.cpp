// What varlinkctl introspect shows of the control socket.
#include "run/control_call.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace vmspawn {

namespace {

using nlohmann::ordered_json;

constexpr std::string_view varlink_service = R"(interface org.varlink.service

method GetInfo() -> (
  vendor: string,
  product: string,
  version: string,
  url: string,
  interfaces: []string
)

method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
)";

constexpr std::string_view machine_instance = R"(# One running machine
interface io.systemd.MachineInstance

# Ends the machine at once. What the guest has not written is lost
method Terminate() -> ()

# Asks the guest to power off. It is ended when it does not in time
method PowerOff() -> ()

# Asks the guest to power off, and starts it again then. It is reset when it does not in time
method Reboot() -> ()

# Stops the processors of the guest
method Pause() -> ()

# Lets a paused guest go on
method Resume() -> ()

# Tells what the machine does
method Describe() -> (
  # Whether the processors of the guest run
  running: bool,
  # As QEMU calls it: running, paused, shutdown, io-error
  status: string
)

# Tells what happens from now on
# [Requires 'more' flag]
method SubscribeEvents(
  # Names of the events that are wanted. Unset or empty: all
  filter: ?[]string
) -> (
  # READY once at the start, then as QEMU calls them
  event: string,
  # What QEMU says besides
  data: ?object
)

# Gives the guest another disk. It is read-only when the descriptor is
method AddStorage(
  # A raw image or a block device, among the descriptors sent along
  fileDescriptorIndex: int,
  # What it is called from now on
  name: string,
  # virtio-blk, virtio-scsi, nvme or scsi-cd. Unset: virtio-blk
  config: ?string
) -> ()

# Asks the guest to let go of a disk that was added
method RemoveStorage(name: string) -> ()

# Puts another image or device behind a disk that was added
method ReplaceStorage(
  # Among the descriptors sent along
  fileDescriptorIndex: int,
  name: string
) -> ()

# QEMU does not answer yet, or not any more
error NotConnected ()

# This machine cannot do that
error NotSupported (reason: ?string)

# No disk is called so
error NoSuchStorage ()

# A disk is called so already
error StorageExists ()

# The disk is there from the start and stays as it is
error StorageImmutable ()

# There is no such disk type
error BadConfig ()

# This QEMU cannot offer that disk type
error ConfigNotSupported ()
)";

/// What systemd's own services declare for errors of the kernel.
constexpr std::string_view errors_of_system = R"(interface io.systemd

error System (
  origin: ?string,
  errno: int,
  errnoName: ?string
)
)";

constexpr std::string_view virtual_machine = R"(# What only virtual machines can do: nothing yet
interface io.systemd.VirtualMachineInstance
)";

constexpr std::string_view console = R"(# The guest's console, as vmspawn console shows it
interface io.vmspawn.Console

# Shows what was printed so far and what follows, and takes what is typed. The connection speaks no varlink afterwards, but entries: a
# letter, microseconds since 1970 in 8 bytes and a length in 4, both little-endian, and so many bytes. o: output, m: a message of vmspawn
# after the digit of its level, l: what follows is live, e: the end, d: detached; from the client i: typed, s: rows and columns
# [Requires 'upgrade' flag]
method Attach() -> (
  # Whether the guest hears what is typed
  types: bool
)

# The call has no 'upgrade'
error ExpectedUpgrade ()

# No console goes through vmspawn
error NoConsole ()
)";

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> all_interfaces{{
    {"io.systemd", errors_of_system},
    {"io.systemd.MachineInstance", machine_instance},
    {"io.systemd.VirtualMachineInstance", virtual_machine},
    {"io.vmspawn.Console", console},
    {"org.varlink.service", varlink_service},
}};

}  // namespace

std::string info_reply() {
    ordered_json names = ordered_json::array();
    for (const auto& [name, text] : all_interfaces)
        names.push_back(name);
    return varlink_reply(
        ordered_json{{"vendor", "vmspawn"}, {"product", "vmspawn"}, {"version", VMSPAWN_VERSION}, {"url", ""}, {"interfaces", names}}
            .dump());
}

std::string description_reply(const std::string& interface) {
    const auto* found = std::ranges::find(all_interfaces, interface, &std::pair<std::string_view, std::string_view>::first);
    if (found == all_interfaces.end())
        return varlink_reply(
            VarlinkError{"org.varlink.service.InterfaceNotFound",
                         ordered_json{{"interface", interface}}.dump(-1, ' ', false, ordered_json::error_handler_t::replace)});
    return varlink_reply(ordered_json{{"description", found->second}}.dump());
}

}  // namespace vmspawn
