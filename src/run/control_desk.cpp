#include "run/control_desk.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

namespace vmspawn {

namespace {

/// QEMU takes a descriptor only for the access that it was opened with.
Fd opened_for_reading(int fd) {
    return Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

/// "device" of what QEMU says about one.
std::string device_of(const QmpEvent& event) {
    const auto data = nlohmann::json::parse(event.data, nullptr, /*allow_exceptions=*/false);
    const auto device = data.is_object() ? data.find("device") : data.end();
    return device != data.end() && device->is_string() ? device->get<std::string>() : "";
}

}  // namespace

OfferedFile look_at_offer(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    struct stat status {};
    if (flags < 0 || fstat(fd, &status) < 0)
        return {.problem = errno};
    if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == O_WRONLY)
        return {.problem = EBADF};
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return {.problem = S_ISDIR(status.st_mode) ? EISDIR : EBADFD};
    OfferedFile file{.writable = (flags & O_ACCMODE) == O_RDWR, .block = S_ISBLK(status.st_mode)};
    file.identity = file.block ? fmt::format("block {}", status.st_rdev) : fmt::format("{} {}", status.st_dev, status.st_ino);
    return file;
}

ControlDesk::ControlDesk(EventLoop& loop, Fd listener, const ServeControl& offer, Handlers handlers)
    : handlers_(std::move(handlers)),
      storage_(offer),
      server_(loop, std::move(listener), [this](int call, ControlCall asked, std::vector<Fd> descriptors) {
          called(call, std::move(asked), std::move(descriptors));
      }) {}

void ControlDesk::qemu_is_lost() {
    talks_ = false;
    server_.close_subscribers();
}

void ControlDesk::answer(const AnswerCall& outcome) {
    switch (outcome.kind) {
        case AnswerCall::Kind::done:
            return server_.answer(outcome.call, varlink_reply("{}"));
        case AnswerCall::Kind::status:
            return server_.answer(outcome.call, status_reply(outcome.running, outcome.status));
        case AnswerCall::Kind::not_connected:
            return server_.answer(outcome.call, varlink_reply(instance_error("NotConnected")));
        case AnswerCall::Kind::ending:
            return server_.answer(outcome.call, varlink_reply(errno_error(ESHUTDOWN)));
        case AnswerCall::Kind::failed:
            return server_.answer(outcome.call, varlink_reply(errno_error(EIO)));
    }
}

void ControlDesk::qemu_said(const QmpEvent& event) {
    server_.publish(event.name, event.data);
    if (event.name == "DEVICE_DELETED")
        perform(storage_.device_gone(device_of(event)));
    else if (event.name == "DEVICE_UNPLUG_GUEST_ERROR")
        perform(storage_.unplug_refused(device_of(event)));
}

void ControlDesk::called(int call, ControlCall asked, std::vector<Fd> descriptors) {
    std::visit([&](auto& request) { take(call, request, descriptors); }, asked.request);
}

void ControlDesk::take(int call, const AskMachine& asked, std::vector<Fd>& /*descriptors*/) {
    handlers_.asked({.call = call, .verb = asked.verb});
}

void ControlDesk::take(int call, SubscribeEvents& asked, std::vector<Fd>& /*descriptors*/) {
    if (!talks_)
        return server_.answer(call, varlink_reply(instance_error("NotConnected")));
    server_.subscribe(call, std::move(asked));
}

std::optional<OfferedFile> ControlDesk::keep(int call, std::size_t index, std::vector<Fd>& descriptors) {
    if (!talks_) {
        server_.answer(call, varlink_reply(instance_error("NotConnected")));
        return std::nullopt;
    }
    if (index >= descriptors.size()) {
        server_.answer(call, varlink_reply(invalid_parameter("fileDescriptorIndex")));
        return std::nullopt;
    }
    const OfferedFile file = look_at_offer(descriptors[index].get());
    offered_[call] = std::move(descriptors[index]);
    return file;
}

void ControlDesk::take(int call, const AddStorage& asked, std::vector<Fd>& descriptors) {
    if (const auto file = keep(call, asked.descriptor, descriptors))
        perform(storage_.add(call, asked, *file));
}

void ControlDesk::take(int call, const RemoveStorage& asked, std::vector<Fd>& /*descriptors*/) {
    if (!talks_)
        return server_.answer(call, varlink_reply(instance_error("NotConnected")));
    perform(storage_.remove(call, asked));
}

void ControlDesk::take(int call, const ReplaceStorage& asked, std::vector<Fd>& descriptors) {
    if (const auto file = keep(call, asked.descriptor, descriptors))
        perform(storage_.replace(call, asked, *file));
}

void ControlDesk::take(int call, const AttachConsole& /*asked*/, std::vector<Fd>& /*descriptors*/) {
    if (!handlers_.attached)
        return server_.answer(call, varlink_reply(VarlinkError{"io.vmspawn.Console.NoConsole"}));
    if (Fd watcher = server_.hand_over(call, varlink_reply(fmt::format("{{\"types\":{}}}", handlers_.types))); watcher)
        handlers_.attached(std::move(watcher));
}

void ControlDesk::take(int call, const GetInfo& /*asked*/, std::vector<Fd>& /*descriptors*/) {
    server_.answer(call, info_reply());
}

void ControlDesk::take(int call, const GetInterfaceDescription& asked, std::vector<Fd>& /*descriptors*/) {
    server_.answer(call, description_reply(asked.interface));
}

void ControlDesk::take(int call, const VarlinkError& refused, std::vector<Fd>& /*descriptors*/) {
    server_.answer(call, varlink_reply(refused));
}

void ControlDesk::perform(const StorageCommands& commands) {
    for (const StorageCommand& command : commands)
        std::visit([this](const auto& one) { perform(one); }, command);
}

void ControlDesk::perform(const StorageStep& step) {
    const auto offered = offered_.find(step.passed_of);
    Fd passed;
    if (offered != offered_.end())
        passed = step.read_only ? opened_for_reading(offered->second.get()) : std::move(offered->second);
    handlers_.ask_qemu(step.command, step.arguments, passed.get(), [this, drive = step.drive](const std::optional<QmpReply>& reply) {
        perform(storage_.answered(drive, reply ? reply->error : "", !reply));
    });
}

void ControlDesk::perform(const StorageEnd& end) {
    offered_.erase(end.call);
    server_.answer(end.call, end.error ? varlink_reply(*end.error) : varlink_reply("{}"));
}

void ControlDesk::perform(const StorageTrouble& trouble) {
    handlers_.trouble(fmt::format("storage {}: {}", printable(trouble.name), trouble.words));
}

}  // namespace vmspawn
