// The small kernel objects between vmspawn and QEMU: the QMP socket, the console's pseudo terminal, a reserved port.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"
#include "plan/action.hpp"

#include <cstdint>
#include <string>

namespace vmspawn {

struct SocketPair {
    Fd ours;  ///< non-blocking
    Fd theirs;
};
Result<SocketPair> make_socket_pair();

struct ListeningSocket {
    Fd listener;
    Fd client;  ///< connected to it
};
/// By a name in `directory` that is gone again when this returns.
Result<ListeningSocket> make_listening_socket(int directory);

struct ConnectedPair {
    Fd helper;
    Fd qemu;
};
Result<ConnectedPair> make_connected_pair();

struct ClientSocket {
    Fd qemu;
    Fd ours;  ///< the same socket: whoever connects it connects QEMU's
};
Result<ClientSocket> make_client_socket();

struct Pipe {
    Fd reader;
    Fd writer;  ///< non-blocking
};
Result<Pipe> make_pipe();

struct PseudoTerminal {
    Fd master;  ///< non-blocking
    Fd slave;   ///< held so that the terminal outlives a reopening in the guest's machine, and what was written can be read to the end
    std::string path;
};
/// Raw: bytes pass unchanged, without echo.
Result<PseudoTerminal> make_pseudo_terminal();

struct ReservedPort {
    Fd socket;  ///< bound, not listening: whoever binds a TCP port with SO_REUSEADDR gets it. A UDP port is only free once this is closed
    std::uint16_t number = 0;
    bool udp = false;
};
Result<ReservedPort> reserve_port(const PickPort& action);

}  // namespace vmspawn
