// What the host offers, as a value that can be recorded: `vmspawn host --format=json` writes it, `--host=FILE` reads it.
// Planning reads nothing else, so a definition and this value reproduce any plan.
#pragma once

#include "base/diagnostic.hpp"
#include "base/hardware_address.hpp"
#include "base/result.hpp"
#include "host/disk_layout.hpp"
#include "host/file_answer.hpp"
#include "host/firmware.hpp"
#include "host/image_name.hpp"
#include "host/sharing.hpp"
#include "host/tree.hpp"
#include "host/user.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// A thing to be found out about a path that the user named, or a program.
struct Question {
    enum class Kind {
        file,
        disk,  ///< a file, and all that it rests on
        program,
        option,      ///< "PROGRAM --option": whether its help names that option
        release,     ///< "passt --version": what it says of its version
        profile,     ///< "swtpm_setup --profile-name": the newest profile of a TPM that it offers
        tree,        ///< a directory, and what could be booted from it
        layout,      ///< a disk image: its partitions
        image_name,  ///< a machine, and the image that the machine directories hold under its name
        state,       ///< a file that may be made: it and the directories above it, up to one that is there
        firmware,    ///< an empty subject: every descriptor; else the one at that path. The files that they name are looked at too
        virtiofsd,   ///< the program of that name, what it can, and which ids this user may map
        user,        ///< a user of the host by name, and what is at their home
        tap_mac,     ///< a machine: the address that systemd-vmspawn would give its tap interface here
        service,     ///< a file by which a service of the host is known; what is no absolute path is below the user's runtime directory
    };
    Kind kind = Kind::file;
    /// An absolute path, or the name of a program or user; of a state also a path below Host::state_base; "virtiofsd" for that kind.
    std::string subject;
    Origin because;        ///< the key that made us ask
    std::string if_uki{};  ///< a path asked about before: the question counts only if a unified kernel image is there; empty: always
    friend bool operator==(const Question& a, const Question& b) { return a.kind == b.kind && a.subject == b.subject; }
};

struct Kvm {
    bool usable = false;
    std::string reason;                  ///< why not, one clause: "/dev/kvm has no hardware behind it (this CPU shows no vmx or svm)"
    std::string fix;                     ///< a command or an advice; may be empty
    std::set<std::string> confidential;  ///< "sev-snp", "tdx": what KVM says that this machine can do
};

/// One QEMU binary, as probed (and cached by path, size and time of change).
struct QemuFacts {
    std::string path;
    std::string version;                          ///< "7.2.22"
    std::set<std::string> features;               ///< names of qemu_features(); only what was found
    std::string problem;                          ///< not empty: it could not be probed, with its own words
    std::map<std::string, std::string> machines;  ///< by alias: {"q35", "pc-q35-7.2"}
};

/// Names that QemuFacts::features may hold, such as "sandbox", "kvm-accel-device", "device/pvpanic", "aio-io_uring".
const std::vector<std::string>& qemu_features();

struct Host {
    std::string arch;  ///< "x86_64", "aarch64", "riscv64", or what uname says
    std::uint32_t uid = 0, gid = 0;
    bool net_admin = false;  ///< this process may make network interfaces (CAP_NET_ADMIN)
    std::uint32_t cpus = 1;
    std::uint64_t ram = 0;  ///< bytes
    std::string seed;       ///< 32 hex digits from the machine id (hashed for vmspawn); for predictable addresses
    /// By machine; nothing of one: this host has no machine id. Nothing at all: a record of before these were asked for.
    std::optional<std::map<std::string, std::optional<Mac>>> tap_macs;
    std::string runtime_base;             ///< "/run" or "/run/user/1000", or the directory under the temporary one
    std::string state_base;               ///< "/var/lib/vmspawn", "~/.local/state/vmspawn"; empty: a user without a home
    std::string cache;                    ///< "~/.cache/vmspawn"; empty: none
    std::string console;                  ///< "terminal", "pipe": what standard input is
    std::uint32_t rows = 0, columns = 0;  ///< of that terminal; 0: it does not know
    std::optional<bool> networkd;         ///< systemd-networkd runs; nothing: a record of before this was looked for
    std::set<std::string> routes;         ///< "ipv4", "ipv6": which of them have a way to everywhere
    Kvm kvm;
    std::optional<Kvm> passed_kvm;                ///< what the descriptor of that name says (LISTEN_FDNAMES); nothing: none was passed
    bool passed_vsock = false;                    ///< a descriptor "vhost-vsock" was passed
    std::map<std::string, QemuFacts> qemu;        ///< by guest architecture
    std::optional<Virtiofsd> virtiofsd;           ///< nothing: nobody asked
    std::vector<IdGrant> subuids, subgids;        ///< read when virtiofsd is asked for
    std::map<std::string, FileAnswer> files;      ///< by absolute path
    std::map<std::string, TreeAnswer> trees;      ///< by absolute path; the files of its entries are in `files`
    std::map<std::string, DiskLayout> layouts;    ///< by absolute path of an image
    std::map<std::string, NamedImage> images;     ///< by the name of a machine
    std::map<std::string, UserAnswer> users;      ///< by name; what is at their homes is in `files`
    std::map<std::string, std::string> programs;  ///< by name: absolute path; "PROGRAM --option": that option, or its value; "": it is not
    std::optional<std::vector<Firmware>> firmware;   ///< in order of priority; nothing: nobody asked
    std::map<std::string, Firmware> descriptors;     ///< of firmware that was named, by path
    std::map<std::string, std::string> environment;  ///< the variables that planning reads: SYSTEMD_VMSPAWN_QEMU_EXTRA, …

    /// What `programs` holds for `name`; empty as well when nobody asked.
    [[nodiscard]] std::string program(const std::string& name) const;
};

/// Where a state is that a question named: the subject itself when absolute, else below state_base; empty: there is no such place.
std::string state_path(const Host& host, const std::string& subject);

/// Where a question about a service looks.
std::string service_path(const Host& host, const std::string& subject);

/// Whether what is known so far leaves the question standing.
bool applies(const Question& question, const Host& host);

/// JSON, version 1, keys sorted. Paths below `directory` are written "./…" and below `home` "~/…", so that a record made beside a
/// definition serves on another machine.
std::string to_json(const Host& host, const std::filesystem::path& directory, const std::filesystem::path& home);
Result<Host> host_from_json(std::string_view text, const std::filesystem::path& directory, const std::filesystem::path& home);

}  // namespace vmspawn
