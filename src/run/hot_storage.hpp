// Disks that come and go while the machine runs: what QEMU is asked for, step by step, and what the client is answered. Pure.
#pragma once

#include "plan/control_socket.hpp"
#include "run/control_call.hpp"

#include <deque>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmspawn {

/// What a client has sent along.
struct OfferedFile {
    int problem = 0;  ///< errno: it cannot be a disk
    bool writable = false;
    bool block = false;
    std::string identity;  ///< of the file or device behind it
};

/// For QEMU; its answer comes to answered(). `passed`: the file that the client of this call sent goes along.
struct StorageStep {
    int drive = 0;
    std::string command;
    std::string arguments;
    int passed_of = 0;  ///< the call; 0: nothing is passed
    bool read_only = false;
};
/// The end of a call.
struct StorageEnd {
    int call = 0;
    std::optional<VarlinkError> error;
};
/// QEMU's own words about a step that failed.
struct StorageTrouble {
    std::string name;
    std::string words;
};
using StorageCommand = std::variant<StorageStep, StorageEnd, StorageTrouble>;
using StorageCommands = std::vector<StorageCommand>;

class HotStorage {
public:
    explicit HotStorage(ServeControl offer) : offer_(std::move(offer)), free_ports_(offer_.ports) {}

    StorageCommands add(int call, const AddStorage& asked, const OfferedFile& file);
    StorageCommands remove(int call, const RemoveStorage& asked);
    StorageCommands replace(int call, const ReplaceStorage& asked, const OfferedFile& file);
    /// `error`: QEMU's words; empty: it has done it. `lost`: QEMU does not talk any more.
    StorageCommands answered(int drive, const std::string& error, bool lost = false);
    /// The guest has let go of it, asked or not.
    StorageCommands device_gone(const std::string& device);
    /// The guest keeps it.
    StorageCommands unplug_refused(const std::string& device);

private:
    struct Step {
        std::string command;
        std::string arguments;
        bool passes = false;
        std::string undo{};  ///< command that takes it back; empty: nothing does
        std::string undo_arguments{};
        bool may_fail = false;
    };
    /// leaving: QEMU has asked the guest, which takes its time. clearing: what the device stood on goes.
    enum class State { adding, present, replacing, removing, leaving, clearing };
    struct Drive {
        int number = 0;
        std::string name;
        std::string device;
        std::string port;  ///< empty: on the controller
        bool read_only = false;
        std::string identity;
        std::string next_identity{};
        int file = 0;   ///< behind it
        int files = 0;  ///< tried so far: a number is used once
        State state = State::adding;
        int call = 0;
        std::deque<Step> steps{};
        std::vector<Step> undo{};
        std::optional<VarlinkError> failure{};
        bool gone = false;
    };
    using Place = std::list<Drive>::iterator;

    ServeControl offer_;
    std::vector<std::string> free_ports_;
    std::string own_controller_;     ///< that came with the first SCSI disk
    int controller_comes_with_ = 0;  ///< a drive
    std::list<Drive> drives_;
    int last_number_ = 0;
    int last_set_ = 0;

    [[nodiscard]] Place find(std::string_view name);
    [[nodiscard]] bool is_fixed(const std::string& name) const;
    [[nodiscard]] bool in_use(const std::string& identity, bool read_only, int but_for) const;
    [[nodiscard]] std::optional<VarlinkError> refusal(const AddStorage& asked, const OfferedFile& file, const HotDiskType* type);
    [[nodiscard]] std::optional<VarlinkError> refusal_of_place(const HotDiskType& type) const;
    void take_place(Drive& drive, const HotDiskType& type);
    void take_file(Drive& drive, const OfferedFile& file);
    static Step make_device(const Drive& drive, const HotDiskType& type, const std::string& controller);
    StorageCommands next(Place drive);
    StorageCommands fail(Place drive, const std::string& error, bool lost);
    StorageCommands finish(Place drive);
    StorageCommands clear(Place drive);
    [[nodiscard]] const std::string& controller() const { return offer_.controller.empty() ? own_controller_ : offer_.controller; }
};

}  // namespace vmspawn
