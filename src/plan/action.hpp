// The closed set of effects. A plan is made of these values and performs nothing; run/system performs each kind, and has one undo for it.
#pragma once

#include "plan/control_socket.hpp"
#include "plan/fill.hpp"
#include "plan/grow.hpp"
#include "plan/host_device.hpp"
#include "plan/host_service.hpp"
#include "plan/namespace.hpp"
#include "plan/piece.hpp"
#include "plan/port.hpp"
#include "plan/word.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vmspawn {

/// BASE/systemd/vmspawn/NAME, 0700 and ours alone: holds a lock while it exists, so a name runs once. What a killed vmspawn left is
/// cleaned first. Fails with EBUSY naming the holder. Undo: everything in it and itself removed.
struct ClaimName {
    std::string base;
    std::string name;
    bool suffixed = false;       ///< "-" and 16 hex digits, drawn then, follow the name: any number of such machines run at once
    std::string linked_in = {};  ///< this directory has a symbolic link of that name to it; empty: none has
};
/// A sealed memfd. Undo: closed.
struct MakeMemory {
    std::vector<Piece> pieces;
};
/// Open an existing file or device. Undo: closed.
struct OpenFile {
    std::string path;
    bool writable = false;
    bool append = false;                               ///< written only, and at its end; made, 0600, when missing
    enum class Lock { none, qemu } lock = Lock::none;  ///< qemu: its image locks (design, decision 4), EBUSY naming the holder
    std::optional<Grow> grow = std::nullopt;
};
/// An empty qcow2 image of so many bytes for the guest, in a file without a name. Undo: closed.
struct MakeOverlay {
    std::uint64_t size = 0;
};
/// State that stays: opened for writing with QEMU's image locks. When missing it is made first, 0600, as a copy of `source`, with the
/// directories above it (0700); a run that is killed leaves no file of that name or a whole one. Undo: closed.
struct KeepFile {
    std::string path;
    std::string source;
};
/// State that stays: a directory, 0700, made with those above it when missing, and locked: EBUSY names the holder. An empty path: one
/// in the runtime directory, gone with it; needs "runtime-dir". Undo: closed, and removed if this run made it and nothing is in it.
struct KeepDirectory {
    std::string path;
};
/// A writable file without a name, 0600. Undo: closed, and gone.
struct MakeScratch {
    std::vector<Piece> pieces;
};
/// The kernel in a bzImage, unpacked: `size` bytes of `compression` from `offset`. The file as it is where that cannot be entered by
/// PVH. `cache`: a directory that keeps what was unpacked; empty: none. Undo: closed.
struct UnpackKernel {
    std::string path;
    std::string compression;  ///< "gzip", "xz", "zstd", "lz4"
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::string cache;
};
/// A pipe that QEMU reads like a file: it waits there, and not to start, for what FillPipe gives. Undo: closed.
struct MakePipe {};
/// A file in the machine's runtime directory, 0600. Undo: nothing, as it goes with the directory.
struct WriteFile {
    std::string name;
    std::vector<Piece> pieces;
};
/// Beside the machine's runtime directory "machine-<8 hex digits>-NAME-FILE", a symbolic link to the FILE in it: where users of
/// systemd-vmspawn look for its key. The digits come from the name, so that a killed vmspawn's is replaced. Undo: removed.
struct LinkKey {
    std::string file;
};
/// At most 64 KiB, and the end of the file. Needs `pipe`. Undo: nothing.
struct FillPipe {
    ResourceId pipe;
    std::vector<Piece> pieces;
};
/// A connected pair; vmspawn speaks QMP on its end, the child has the other. Undo: both closed.
struct MakeQmpSocket {};
/// A connected pair for a port of the guest: vmspawn has one end, QEMU the other (Late chardev). Undo: both closed.
struct MakeChannel {};
/// A pseudo terminal, raw; vmspawn holds the master. Undo: closed.
struct MakeTerminal {};
/// A stream socket with its one client already connected: the listening end goes to the helper (Late fd), the client's to QEMU
/// (Late chardev), and vmspawn keeps neither, so that each sees the other's end. Needs "runtime-dir". Undo: both closed.
struct Listen {
    std::string path_option;  ///< for a script, which has no descriptors to give: how the helper takes a path, "--socket-path="
};
/// A connected pair for two children: one end for the helper (Late fd), one for QEMU (Late chardev). vmspawn keeps neither once both
/// run, so that each sees the other's end. Undo: both closed.
struct MakePair {
    std::string path_option;  ///< for a script: how the helper takes a path to listen on
};
/// A socket for QEMU (Late chardev), connected when a helper has made `socket` in the runtime directory. Undo: closed.
struct MakeClient {
    std::string socket;
};
/// Whether the machine can go on when a helper ends before QEMU does.
enum class Critical { always, until_ready, never };
std::string_view to_word(Critical critical);
/// A child process. Undo: its end, by the ladder of the plan for QEMU, by SIGTERM then SIGKILL for helpers.
struct Spawn {
    std::string program;
    std::vector<Word> arguments;       ///< without the program's name
    std::vector<ResourceId> inherits;  ///< descriptors given although no word names them
    bool no_new_privileges = true;
    int death_signal = 15;  ///< when vmspawn dies: SIGTERM for QEMU so that it flushes, SIGKILL for helpers
    std::optional<Namespace> space{};
    Critical critical = Critical::always;
    ResourceId directory{};                  ///< the ClaimName in whose directory it works; empty: in the caller's
    ResourceId client{};                     ///< of Readiness::connected: the MakeClient to whose socket, once it has made that, we connect
    ResourceId activation{};                 ///< a socket that it takes as systemd's services do: descriptor 3, LISTEN_FDS and LISTEN_PID
    std::vector<std::string> environment{};  ///< besides the short one
    std::optional<Fill> fills{};
};

using Action =
    std::variant<ClaimName, MakeMemory, OpenFile, TakePassed, KeepFile, MakeScratch, MakeOverlay, UnpackKernel, WriteFile, LinkKey,
                 MakePipe, FillPipe, ClaimVsock, ListenVsock, MakeQmpSocket, MakeChannel, MakeTerminal, MakeTap, AskForTap, PickPort,
                 CheckPorts, Listen, MakePair, MakeClient, KeepDirectory, MakeScope, ServeControl, RegisterMachine, MindSleep, Spawn>;

/// "open", "spawn", … for plans and messages.
std::string_view kind_of(const Action& action);

}  // namespace vmspawn
