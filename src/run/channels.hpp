// The small kernel objects between vmspawn and QEMU: the QMP socket, the console's pseudo terminal.
#pragma once

#include "base/fd.hpp"
#include "base/result.hpp"

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

}  // namespace vmspawn
