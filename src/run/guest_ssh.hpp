// From outside into a running machine: its runtime directory says how.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vmspawn {

struct RunningMachine {
    std::string name;
    std::string path;  ///< its runtime directory
    Fd directory;
};
/// `base` as ClaimName has it. ENOENT: no machine of that name runs there.
Result<RunningMachine> find_machine(const std::string& base, const std::string& name);

/// A connection to a VSOCK port of the guest. ECONNREFUSED: nobody listens there (yet).
Result<Fd> connect_to_guest(const RunningMachine& machine, std::uint32_t port);
/// For ssh's ProxyUseFdpass: the descriptor goes over our standard output.
Result<void> pass_descriptor(int socket, int descriptor);

/// The ssh command that logs in as root, or as NAME of "NAME@machine", with the machine's own key, and accepts only its host key. ENOENT:
/// no key was passed to this machine.
Result<std::vector<std::string>> ssh_command(const RunningMachine& machine, const std::string& user, const std::string& proxy,
                                             const std::vector<std::string>& command);

}  // namespace vmspawn
