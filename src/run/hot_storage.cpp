#include "run/hot_storage.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace vmspawn {

namespace {

using Json = nlohmann::ordered_json;

/// Above all that QEMU was started with.
constexpr int first_fdset = 1000;

StorageCommands refuse(int call, VarlinkError error) {
    return {StorageEnd{call, std::move(error)}};
}

std::string node_of(int drive) {
    return fmt::format("hot{}", drive);
}
std::string file_of(int drive, int file) {
    return fmt::format("hot{}-file{}", drive, file);
}
std::string node_argument(const std::string& node) {
    return Json{{"node-name", node}}.dump();
}

/// As much of a name as a device can carry for its guest; another name is none.
std::string serial_of(const std::string& name, int drive) {
    constexpr std::size_t longest = 20;
    const bool plain = std::ranges::all_of(name, [](char c) { return c > ' ' && c < '\x7f'; });
    return name.size() <= longest && plain ? name : node_of(drive);
}

Json format_node(int drive, int file, bool read_only) {
    return {{"driver", "raw"},
            {"node-name", node_of(drive)},
            {"file", file_of(drive, file)},
            {"read-only", read_only},
            {"discard", read_only ? "ignore" : "unmap"}};
}

VarlinkError meaning_of(const std::string& error) {
    if (error.find(" lock") != std::string::npos)  // "Failed to get "write" lock"
        return errno_error(EBUSY);
    if (error.starts_with("Duplicate"))
        return instance_error("StorageExists");
    return errno_error(EIO);
}

}  // namespace

HotStorage::Place HotStorage::find(std::string_view name) {
    return std::ranges::find(drives_, name, &Drive::name);
}

bool HotStorage::is_fixed(const std::string& name) const {
    return std::ranges::find(offer_.fixed, name) != offer_.fixed.end();
}

/// Two who write one file, or one who writes what another reads, destroy each other's work. Images of other processes are for QEMU's
/// locks, which do not see two drives of one descriptor.
bool HotStorage::in_use(const std::string& identity, bool read_only, int but_for) const {
    return std::ranges::any_of(drives_, [&](const Drive& drive) {
        return drive.number != but_for && (drive.identity == identity || drive.next_identity == identity) &&
               !(drive.read_only && read_only);
    });
}

std::optional<VarlinkError> HotStorage::refusal_of_place(const HotDiskType& type) const {
    if (type.scsi && controller_comes_with_ != 0)
        return errno_error(EBUSY);
    if (type.scsi && !controller().empty())
        return std::nullopt;
    if (offer_.ports.empty())
        return instance_error("NotSupported", "the machine has no PCI Express port to spare; qemu.hotplug-ports gives it some");
    return free_ports_.empty() ? std::optional(errno_error(EBUSY)) : std::nullopt;
}

std::optional<VarlinkError> HotStorage::refusal(const AddStorage& asked, const OfferedFile& file, const HotDiskType* type) {
    if (const Place there = find(asked.name); there != drives_.end())
        return there->state == State::present ? instance_error("StorageExists") : errno_error(EBUSY);
    if (is_fixed(asked.name))
        return instance_error("StorageExists");
    if (type == nullptr)
        return instance_error("BadConfig");
    if (type->driver.empty())
        return instance_error("ConfigNotSupported");
    if (file.problem != 0)
        return errno_error(file.problem);
    if (in_use(file.identity, type->read_only || !file.writable, 0))
        return errno_error(EBUSY);
    return refusal_of_place(*type);
}

void HotStorage::take_place(Drive& drive, const HotDiskType& type) {
    if (type.scsi && !controller().empty())
        return;
    const std::string port = free_ports_.front();
    free_ports_.erase(free_ports_.begin());
    if (!type.scsi) {
        drive.port = port;
        return;
    }
    controller_comes_with_ = drive.number;
    own_controller_ = "hot-scsi";
    drive.port = port;  // the controller's, once there is one
    drive.steps.push_back(
        {.command = "device_add", .arguments = Json{{"driver", "virtio-scsi-pci"}, {"id", own_controller_}, {"bus", port}}.dump()});
}

/// The node of the file's bytes; the descriptor goes once that has its own.
void HotStorage::take_file(Drive& drive, const OfferedFile& file) {
    const int set = first_fdset + ++last_set_;
    const std::string set_argument = Json{{"fdset-id", set}}.dump();
    const std::string node = file_of(drive.number, drive.files);
    Json record{{"driver", file.block ? "host_device" : "file"},
                {"node-name", node},
                {"filename", fmt::format("/dev/fdset/{}", set)},
                {"read-only", drive.read_only},
                {"discard", drive.read_only ? "ignore" : "unmap"}};
    if (offer_.io_uring)
        record["aio"] = "io_uring";
    drive.steps.push_back(
        {.command = "add-fd", .arguments = set_argument, .passes = true, .undo = "remove-fd", .undo_arguments = set_argument});
    drive.steps.push_back(
        {.command = "blockdev-add", .arguments = record.dump(), .undo = "blockdev-del", .undo_arguments = node_argument(node)});
    drive.steps.push_back({.command = "remove-fd", .arguments = set_argument, .may_fail = true});
}

HotStorage::Step HotStorage::make_device(const Drive& drive, const HotDiskType& type, const std::string& controller) {
    Json device{{"driver", type.driver}, {"id", drive.device}};
    device["bus"] = type.scsi ? controller + ".0" : drive.port;
    device["drive"] = node_of(drive.number);
    device["serial"] = serial_of(drive.name, drive.number);
    return {.command = "device_add", .arguments = device.dump()};
}

StorageCommands HotStorage::add(int call, const AddStorage& asked, const OfferedFile& file) {
    const std::string word = asked.config.empty() ? "virtio-blk" : asked.config;
    const auto type = std::ranges::find(offer_.disk_types, word, &HotDiskType::word);
    if (auto refused = refusal(asked, file, type == offer_.disk_types.end() ? nullptr : &*type))
        return refuse(call, std::move(*refused));
    Drive drive{.number = ++last_number_, .name = asked.name, .device = "", .port = "", .identity = file.identity, .call = call};
    drive.device = node_of(drive.number) + "-disk";
    drive.read_only = type->read_only || !file.writable;
    take_place(drive, *type);
    take_file(drive, file);
    drive.steps.push_back({.command = "blockdev-add",
                           .arguments = format_node(drive.number, 0, drive.read_only).dump(),
                           .undo = "blockdev-del",
                           .undo_arguments = node_argument(node_of(drive.number))});
    drive.steps.push_back(make_device(drive, *type, controller()));
    return next(drives_.insert(drives_.end(), std::move(drive)));
}

StorageCommands HotStorage::remove(int call, const RemoveStorage& asked) {
    const Place drive = find(asked.name);
    if (drive == drives_.end())
        return refuse(call, instance_error(is_fixed(asked.name) ? "StorageImmutable" : "NoSuchStorage"));
    if (drive->state != State::present)
        return refuse(call, errno_error(EBUSY));
    drive->state = State::removing;
    drive->call = call;
    drive->steps.push_back({.command = "device_del", .arguments = Json{{"id", drive->device}}.dump()});
    return next(drive);
}

StorageCommands HotStorage::replace(int call, const ReplaceStorage& asked, const OfferedFile& file) {
    const Place drive = find(asked.name);
    if (drive == drives_.end())
        return refuse(call, instance_error(is_fixed(asked.name) ? "StorageImmutable" : "NoSuchStorage"));
    if (file.problem != 0)
        return refuse(call, errno_error(file.problem));
    if (!drive->read_only && !file.writable)
        return refuse(call, errno_error(EROFS));
    if (drive->state != State::present || in_use(file.identity, drive->read_only, drive->number))
        return refuse(call, errno_error(EBUSY));
    drive->state = State::replacing;
    drive->call = call;
    drive->next_identity = file.identity;
    const std::string old = file_of(drive->number, drive->file);
    drive->files++;
    take_file(*drive, file);
    drive->steps.push_back(
        {.command = "blockdev-reopen",
         .arguments = Json{{"options", Json::array({format_node(drive->number, drive->files, drive->read_only)})}}.dump()});
    drive->steps.push_back({.command = "blockdev-del", .arguments = node_argument(old), .may_fail = true});
    return next(drive);
}

StorageCommands HotStorage::next(Place drive) {
    if (drive->steps.empty())
        return finish(drive);
    const Step& step = drive->steps.front();
    return {StorageStep{.drive = drive->number,
                        .command = step.command,
                        .arguments = step.arguments,
                        .passed_of = step.passes ? drive->call : 0,
                        .read_only = drive->read_only}};
}

StorageCommands HotStorage::answered(int number, const std::string& error, bool lost) {
    const Place drive = std::ranges::find(drives_, number, &Drive::number);
    if (drive == drives_.end() || drive->steps.empty())
        return {};
    const Step step = std::move(drive->steps.front());
    drive->steps.pop_front();
    if ((lost || !error.empty()) && !step.may_fail)
        return fail(drive, error, lost);
    if (controller_comes_with_ == number && drive->undo.empty() && !drive->failure && step.command == "device_add") {
        controller_comes_with_ = 0;
        drive->port.clear();
    }
    if (!step.undo.empty())
        drive->undo.push_back(step);
    return next(drive);
}

/// What was done so far is taken back, the last first.
StorageCommands HotStorage::fail(Place drive, const std::string& error, bool lost) {
    drive->failure = lost ? instance_error("NotConnected") : meaning_of(error);
    drive->steps.clear();
    for (const Step& step : std::exchange(drive->undo, {}))
        drive->steps.push_front({.command = step.undo, .arguments = step.undo_arguments, .may_fail = true});
    StorageCommands commands;
    if (!lost)
        commands.emplace_back(StorageTrouble{drive->name, error});
    for (StorageCommand& command : next(drive))  // which may be the end of the drive
        commands.push_back(std::move(command));
    return commands;
}

StorageCommands HotStorage::finish(Place drive) {
    drive->undo.clear();
    const State done = std::exchange(drive->state, State::present);
    const bool failed = drive->failure.has_value();
    StorageCommands commands;
    if (done != State::clearing)
        commands.emplace_back(StorageEnd{std::exchange(drive->call, 0), std::exchange(drive->failure, {})});
    if (done == State::replacing) {
        if (!failed) {
            drive->identity = drive->next_identity;
            drive->file = drive->files;
        }
        drive->next_identity.clear();
    }
    if (done == State::removing && !failed && !drive->gone)
        drive->state = State::leaving;
    else if (done == State::clearing || (done == State::adding && failed)) {
        if (controller_comes_with_ == drive->number) {
            controller_comes_with_ = 0;
            own_controller_.clear();
        }
        if (!drive->port.empty())
            free_ports_.push_back(drive->port);
        drives_.erase(drive);
    } else if (drive->gone) {
        for (StorageCommand& command : clear(drive))
            commands.push_back(std::move(command));
    }
    return commands;
}

/// Its device is gone; its nodes follow.
StorageCommands HotStorage::clear(Place drive) {
    drive->state = State::clearing;
    for (const std::string& node : {node_of(drive->number), file_of(drive->number, drive->file)})
        drive->steps.push_back({.command = "blockdev-del", .arguments = node_argument(node), .may_fail = true});
    return next(drive);
}

StorageCommands HotStorage::device_gone(const std::string& device) {
    const Place drive = std::ranges::find(drives_, device, &Drive::device);
    if (drive == drives_.end() || drive->gone)
        return {};
    drive->gone = true;
    return drive->state == State::present || drive->state == State::leaving ? clear(drive) : StorageCommands{};
}

StorageCommands HotStorage::unplug_refused(const std::string& device) {
    const Place drive = std::ranges::find(drives_, device, &Drive::device);
    if (drive != drives_.end() && drive->state == State::leaving)
        drive->state = State::present;
    return {};
}

}  // namespace vmspawn
