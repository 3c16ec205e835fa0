// The parts of a machine, one struct per table of the definition. An empty optional means "not said"; defaults are filled in.
#pragma once

#include "base/unit_property.hpp"
#include "model/credential.hpp"
#include "model/types.hpp"

#include <array>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

struct Memory {
    Bytes size = Bytes{2} << 30;
    std::optional<Bytes> max;            ///< room for hotplug, > size
    std::optional<std::uint32_t> slots;  ///< only with max
};

/// The root: a disk image, a tree, or neither (the initrd is the whole system).
struct Image {
    std::optional<Path> path;       ///< disk image or block device
    std::optional<Path> directory;  ///< root file system tree; never with `path`
    bool by_name = false;           ///< neither was said, only a machine name: looked up in the host's image directories
    DiskFormat format = DiskFormat::raw;
    std::vector<Path> backing;  ///< what a qcow2 image may rest on outside its own directory
    DiskType disk_type = DiskType::virtio_blk;
    bool discard = true;
    std::optional<Bytes> grow;  ///< a multiple of 4096
    bool ephemeral = false;
    std::optional<IdShift> private_users;
    Cache cache = Cache::automatic;  ///< of `directory`
};

struct Boot {
    std::optional<Path> linux_image;
    std::vector<Path> initrds;
    std::vector<std::string> cmdline;
    Want unpack = Want::if_possible;  ///< enter the unpacked kernel by PVH
    FirmwareKind firmware = FirmwareKind::automatic;
    Path firmware_descriptor;                    ///< for FirmwareKind::descriptor
    std::vector<std::string> firmware_features;  ///< "F" must be there, "~F" must not
    Want secure_boot = Want::if_possible;
    std::optional<Path> nvram_template;
    State nvram_state;
    Confidential confidential = Confidential::no;
};

struct Tpm {
    Want enabled = Want::if_possible;
    State state;
};

struct Vsock {
    Want enabled = Want::if_possible;
    std::optional<std::uint32_t> cid;  ///< 3…4294967294
    VsockBackend backend = VsockBackend::automatic;
};

struct Forward {
    std::string bind;
    std::uint16_t host = 0;  ///< 0: any free port
    std::uint16_t guest = 0;
    bool udp = false;
    std::uint16_t count = 1;  ///< of ports, from `host` and `guest` on
};

struct Network {
    std::string name;
    NetworkKind kind = NetworkKind::user;
    NetworkBackend backend = NetworkBackend::automatic;  ///< of a user network
    std::vector<Forward> forwards;
    std::optional<std::array<std::uint8_t, 6>> mac;
};

struct Mount {
    std::string name;
    Path source;
    std::string target;
    bool read_only = false;
    Cache cache = Cache::automatic;
};

struct Drive {
    std::string name;
    Path path;
    DiskFormat format = DiskFormat::raw;
    std::vector<Path> backing;          ///< as Image::backing
    std::optional<DiskType> disk_type;  ///< the image's when not said
    bool read_only = false;
    bool discard = true;
    std::optional<std::uint32_t> boot_order;  ///< lower boots first; the image is 1
};

struct Users {
    std::vector<std::string> bind;
    std::variant<bool, Path> shell = false;  ///< true: the host user's
    std::vector<std::string> groups;
};

struct Ssh {
    bool pass_key = true;
    std::string key_type = "ed25519";
};

struct Journal {
    std::optional<Path> forward;
    std::optional<Bytes> max_use, keep_free, max_file_size;
    std::optional<std::uint64_t> max_files;

    [[nodiscard]] bool is_limited() const { return max_use || keep_free || max_file_size || max_files; }
};

struct Console {
    ConsoleMode mode = ConsoleMode::interactive;
    ConsoleTransport transport = ConsoleTransport::virtio;
    std::optional<std::string> background;  ///< SGR parameters; empty: no colour; not said: the default tint
    std::optional<Path> log;
};

struct Unit {
    Want registered = Want::if_possible;
    std::string slice = "machine.slice";
    std::vector<UnitProperty> properties;
    bool keep = false;
    Scope scope = Scope::by_uid;
};

struct Ready {
    bool notify = true;
    std::optional<std::uint64_t> timeout_us;
};

struct Qemu {
    std::optional<Path> binary;
    std::optional<std::string> cpu;  ///< model and features, as -cpu takes them
    bool legacy_devices = false;
    std::optional<std::uint32_t> hotplug_ports;  ///< for disks that come while the machine runs
    std::vector<std::string> extra;
};

}  // namespace vmspawn
