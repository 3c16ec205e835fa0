// VSOCK from the host's side: a number for the guest, and ports that it can reach.
#pragma once

#include "base/fd.hpp"
#include "base/passed.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <cstdint>

namespace vmspawn {

struct ClaimedVsock {
    Fd device;
    std::uint32_t cid = 0;
};
Result<ClaimedVsock> claim_vsock(const ClaimVsock& action, const PassedDescriptors& passed);

struct VsockPort {
    Fd listener;  ///< non-blocking
    std::uint32_t port = 0;
};
/// `directory`: of the machine's runtime directory.
Result<VsockPort> listen_vsock(const ListenVsock& action, int directory);

/// Connects to the socket `name` in `directory`. ENOENT, ECONNREFUSED: nobody listens there yet.
Result<Fd> connect_in(int directory, const std::string& name);
/// The same with a socket that exists.
Result<void> connect_in(int directory, const std::string& name, int fd);

}  // namespace vmspawn
