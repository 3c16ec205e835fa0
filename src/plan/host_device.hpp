// Actions on what the host has for machines: its network, its VSOCK, and what vmspawn's caller gave it.
#pragma once

#include "plan/word.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace vmspawn {

/// A descriptor that vmspawn was given under this name (sd_listen_fds_with_names(3)). Undo: nothing, as a second start needs it again.
struct TakePassed {
    std::string name;
};
/// /dev/vhost-vsock with a CID that no other machine of this host has: `cid`, or the first that is free of those that the machine's
/// name gives (guest_cid), then of random ones. EADDRINUSE: `cid` is taken. Undo: closed, and free again.
struct ClaimVsock {
    std::optional<std::uint32_t> cid;
    std::string name;
    bool passed = false;  ///< the device is the descriptor passed_name::vhost_vsock that vmspawn was given
};
/// A port of the host, CID 2, for this guest alone. Undo: closed.
struct ListenVsock {
    ResourceId device;       ///< the ClaimVsock, or the helper that has the guest's end; who else connects is turned away
    std::uint32_t port = 0;  ///< 0: any
    std::string socket{};    ///< the user-space device's name for the port, a socket in the runtime directory; empty: the kernel's VSOCK
};
/// A tap interface of the host, called after the machine (tap_name; Late name). Undo: closed, and gone.
struct MakeTap {
    Word machine;  ///< its name; a second interface has more behind it
};
/// A tap interface of the host that systemd-nsresourced makes for a user who may not. It also draws the name (Late name): "ns-" and 12
/// hex digits, beside which the interface has another one with the user's id and the machine's name. Undo: closed, and gone.
struct AskForTap {
    std::string socket;  ///< where systemd-nsresourced hears varlink
    Word machine;        ///< as for MakeTap
};

}  // namespace vmspawn
