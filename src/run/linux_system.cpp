#include "run/linux_system.hpp"

#include "base/interface_name.hpp"
#include "run/decoration.hpp"
#include "run/fill.hpp"
#include "run/keep_file.hpp"
#include "run/memory_file.hpp"
#include "run/open_file.hpp"
#include "run/overlay.hpp"
#include "run/passed.hpp"
#include "run/report.hpp"
#include "run/spawn.hpp"
#include "run/unpack_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

const Fill* fill_of(const Resource& resource) {
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    return spawn != nullptr && spawn->fills ? &*spawn->fills : nullptr;
}

}  // namespace

LinuxSystem::LinuxSystem(const Plan& plan, EventLoop& loop, QemuWatch& watch, Messages& messages, std::unique_ptr<HostScope>& scope,
                         const PassedDescriptors& passed)
    : plan_(plan), loop_(loop), watch_(watch), messages_(messages), scope_(scope), passed_(passed) {}

template <class T>
Result<void> LinuxSystem::hold(const ResourceId& id, Result<T> made) {
    if (!made)
        return made.failure();
    held_.insert_or_assign(id, Held(std::move(*made)));
    return {};
}

Result<void> LinuxSystem::perform(const Resource& resource) {
    struct Visitor {
        LinuxSystem& system;
        const Resource& resource;
        Result<void> operator()(const ClaimName& claim) { return system.claim(resource.id, claim); }
        Result<void> operator()(const MakeMemory& memory) {
            return system.hold(resource.id, make_memory(resource.id, memory, system.piece_sources()));
        }
        Result<void> operator()(const OpenFile& file) { return system.hold(resource.id, open_file(file, system.talk_of_growing(file))); }
        Result<void> operator()(const MakeOverlay& overlay) { return system.hold(resource.id, make_overlay(overlay)); }
        Result<void> operator()(const KeepFile& file) { return system.hold(resource.id, keep_file(file)); }
        Result<void> operator()(const MakeScratch& scratch) {
            return system.hold(resource.id, make_scratch(resource.id, scratch, system.piece_sources()));
        }
        Result<void> operator()(const UnpackKernel& kernel) { return system.hold(resource.id, open_unpacked(kernel)); }
        Result<void> operator()(const WriteFile& file) { return system.write(file); }
        Result<void> operator()(const LinkKey& link) { return system.hold(resource.id, link_key(*system.claimed(), link.file)); }
        Result<void> operator()(const MakePipe&) { return system.hold(resource.id, make_pipe()); }
        Result<void> operator()(const FillPipe& fill) { return system.fill(fill); }
        Result<void> operator()(const TakePassed& passed) { return system.hold(resource.id, copy_passed(system.passed_, passed.name)); }
        Result<void> operator()(const ClaimVsock& claim) { return system.hold(resource.id, claim_vsock(claim, system.passed_)); }
        Result<void> operator()(const ListenVsock& listen) {
            return system.hold(resource.id, listen_vsock(listen, system.runtime_directory()));
        }
        Result<void> operator()(const MakeQmpSocket&) { return system.hold(resource.id, make_socket_pair()); }
        Result<void> operator()(const MakeChannel&) { return system.hold(resource.id, make_socket_pair()); }
        Result<void> operator()(const MakeTerminal&) { return system.hold(resource.id, make_pseudo_terminal()); }
        Result<void> operator()(const MakeTap& tap) {
            return system.hold(resource.id, make_tap(tap_name(resolve_word(system, tap.machine))));
        }
        Result<void> operator()(const AskForTap& tap) { return system.ask_for_tap(resource.id, tap); }
        Result<void> operator()(const PickPort& port) { return system.hold(resource.id, reserve_port(port)); }
        Result<void> operator()(const CheckPorts& ports) { return check_ports(ports); }
        Result<void> operator()(const Listen&) { return system.listen(resource); }
        Result<void> operator()(const MakePair&) { return system.hold(resource.id, make_connected_pair()); }
        Result<void> operator()(const MakeClient&) { return system.hold(resource.id, make_client_socket()); }
        Result<void> operator()(const KeepDirectory& directory) {
            return system.hold(resource.id, keep_directory(directory, system.runtime_directory(), resource.id));
        }
        Result<void> operator()(const MakeScope& scope) { return system.make_scope(resource.id, scope); }
        Result<void> operator()(const ServeControl& offer) { return system.serve_control(resource.id, offer); }
        Result<void> operator()(const MindSleep& sleep) { return system.mind_sleep(resource.id, sleep); }
        Result<void> operator()(const RegisterMachine& entry) { return system.register_machine(resource.id, entry); }
        Result<void> operator()(const Spawn& spawn) { return system.spawn(resource, spawn); }
    };
    return std::visit(Visitor{*this, resource}, resource.up);
}

GrowTalk LinuxSystem::talk_of_growing(const OpenFile& file) {
    if (!file.grow)
        return {};
    return {.slow = [this] { watch_.onlooker().time_passes(); }, .warning = [this](const std::string& text) { messages_.warning(text); }};
}

Arrival LinuxSystem::wait() {
    Arrival arrival = watch_.until_arrival();
    if (const Resource* resource = plan_.find(arrival.id))
        finish(*resource, arrival);
    return arrival;
}

int LinuxSystem::directory_of(const Fill& fill) const {
    return std::get<KeptDirectory>(held_.at(fill.directory)).directory.get();
}

void LinuxSystem::finish(const Resource& resource, Arrival& arrival) {
    const Fill* fill = fill_of(resource);
    if (fill == nullptr || !held_.contains(resource.id))
        return;
    if (arrival.result)
        arrival.result = finish_filling(directory_of(*fill), *fill);
    if (!arrival.result)
        give_up_filling(directory_of(*fill));
}

void LinuxSystem::undo(const Resource& resource) {
    const auto found = held_.find(resource.id);
    if (found == held_.end())
        return;
    if (std::holds_alternative<Running>(found->second))
        resource.id == plan_.qemu ? watch_.end_qemu() : watch_.end_helper(resource.id);
    if (const Fill* fill = fill_of(resource))
        give_up_filling(directory_of(*fill));
    if (auto* directory = std::get_if<RuntimeDirectory>(&found->second)) {
        if (Result<void> released = release_runtime_directory(std::move(*directory)); !released)
            messages_.warning("could not " + to_string(released.failure()));
    }
    if (const auto* link = std::get_if<KeyLink>(&found->second))
        unlink_key(*link);
    if (auto* entry = std::get_if<std::unique_ptr<Registrations>>(&found->second))
        (*entry)->take_back();
    if (std::holds_alternative<ServedControl>(found->second))
        close_control();
    if (auto* kept = std::get_if<KeptDirectory>(&found->second))
        leave_directory(std::move(*kept));
    held_.erase(found);
}

std::string LinuxSystem::resolve(const Late& late) const {
    const auto found = held_.find(late.resource);
    if (found == held_.end())
        return to_string(Word() += late);
    if (const auto* port = std::get_if<ReservedPort>(&found->second))
        return std::to_string(port->number);
    if (const auto* directory = std::get_if<RuntimeDirectory>(&found->second))
        return directory->name;
    if (const auto* interface = std::get_if<TapInterface>(&found->second))
        return interface->name;
    if (const auto* request = std::get_if<std::unique_ptr<TapRequest>>(&found->second))
        return (*request)->interface();
    if (const auto* vsock = std::get_if<ClaimedVsock>(&found->second))
        return std::to_string(vsock->cid);
    if (const auto* port = std::get_if<VsockPort>(&found->second))
        return std::to_string(port->port);
    if (const auto* terminal = std::get_if<PseudoTerminal>(&found->second))
        return late.what == Late::What::chardev ? "path=" + terminal->path : terminal->path;
    return to_string(Word() += late);
}

/// Null: the plan has none.
const RuntimeDirectory* LinuxSystem::claimed() const {
    for (const auto& [id, held] : held_)
        if (const auto* directory = std::get_if<RuntimeDirectory>(&held))
            return directory;
    return nullptr;
}

int LinuxSystem::runtime_directory() const {
    const RuntimeDirectory* directory = claimed();
    return directory != nullptr ? directory->directory.get() : -1;
}

PieceSources LinuxSystem::piece_sources() const {
    return {.resolve = [this](const Late& late) { return resolve(late); }, .runtime_directory = runtime_directory()};
}

Result<void> LinuxSystem::claim(const ResourceId& id, const ClaimName& claim) {
    Result<void> held = hold(id, claim_runtime_directory(claim));
    if (held)
        watch_.keep_in(Fd(fcntl(runtime_directory(), F_DUPFD_CLOEXEC, 0)), Fd(fcntl(runtime_directory(), F_DUPFD_CLOEXEC, 0)));
    return held;
}

Result<void> LinuxSystem::listen(const Resource& resource) {
    return hold(resource.id, make_listening_socket(runtime_directory()));
}

Result<void> LinuxSystem::write(const WriteFile& action) {
    const Fd file(openat(runtime_directory(), action.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file)
        return failed("make it");
    return PieceWriter(file.get(), piece_sources()).add(action.pieces);
}

Result<void> LinuxSystem::fill(const FillPipe& action) {
    const PieceSources sources = piece_sources();
    const Fd writer = std::move(std::get<Pipe>(held_.at(action.pipe)).writer);
    Result<void> filled = PieceWriter(writer.get(), sources).add(action.pieces);
    if (!filled && filled.failure().error == EPIPE)  // QEMU is gone, which is another's news
        return {};
    return filled;
}

/// Null: what is known late is no descriptor.
Fd* LinuxSystem::descriptor_for_child(const Late& late) {
    const auto found = held_.find(late.resource);
    if (found == held_.end())
        return nullptr;
    if (auto* fd = std::get_if<Fd>(&found->second))
        return fd;
    if (auto* interface = std::get_if<TapInterface>(&found->second))
        return late.what == Late::What::name ? nullptr : &interface->tap;
    if (auto* request = std::get_if<std::unique_ptr<TapRequest>>(&found->second))
        return late.what == Late::What::name ? nullptr : &(*request)->tap();
    if (auto* pair = std::get_if<SocketPair>(&found->second))
        return &pair->theirs;
    if (auto* pipe = std::get_if<Pipe>(&found->second))
        return &pipe->reader;
    if (auto* vsock = std::get_if<ClaimedVsock>(&found->second))
        return late.what == Late::What::cid ? nullptr : &vsock->device;
    if (auto* port = std::get_if<VsockPort>(&found->second))
        return late.what == Late::What::port ? nullptr : &port->listener;
    if (auto* client = std::get_if<ClientSocket>(&found->second))
        return &client->qemu;
    if (auto* sockets = std::get_if<ListeningSocket>(&found->second))
        return late.what == Late::What::chardev ? &sockets->client : &sockets->listener;
    if (auto* ends = std::get_if<ConnectedPair>(&found->second))
        return late.what == Late::What::fd ? &ends->helper : &ends->qemu;
    if (auto* kept = std::get_if<KeptDirectory>(&found->second))
        return &kept->directory;
    return nullptr;
}

void LinuxSystem::release_ports(const std::function<bool(const ResourceId&, const ReservedPort&)>& which) {
    for (auto& [id, held] : held_) {
        if (auto* port = std::get_if<ReservedPort>(&held); port != nullptr && which(id, *port))
            port->socket.reset();
    }
}

int LinuxSystem::our_end(const ResourceId& channel) const {
    const auto found = held_.find(channel);
    const auto* pair = found != held_.end() ? std::get_if<SocketPair>(&found->second) : nullptr;
    return pair != nullptr ? pair->ours.get() : -1;
}

int LinuxSystem::terminal() const {
    const auto found = held_.find(plan_.console.terminal);
    const auto* pty = found != held_.end() ? std::get_if<PseudoTerminal>(&found->second) : nullptr;
    return pty != nullptr ? pty->master.get() : -1;
}

void LinuxSystem::hand_over() {
    release_ports([](const ResourceId&, const ReservedPort&) { return true; });
    const int console = terminal();
    const auto& look = plan_.console.look;
    watch_.start_console(console >= 0 ? plan_.console.kind : ConsoleKind::none, console,
                         look ? decorate(*look, resolve_word(*this, look->machine), draw_context()) : Decoration{});
    if (const auto& command = plan_.command)
        watch_.start_command({.input = our_end(command->input),
                              .output = our_end(command->output),
                              .errors = our_end(command->errors),
                              .control = our_end(command->control),
                              .terminal = command->terminal});
    const Resource* notify = plan_.find(plan_.notify.listener);
    const auto listener = held_.find(plan_.notify.listener);
    if (notify == nullptr || listener == held_.end())
        return;
    if (const auto guest = guest_behind(std::get<ListenVsock>(notify->up).device))
        watch_.start_notifications(std::get<VsockPort>(listener->second).listener.get(), *guest);
}

std::optional<GuestPeer> LinuxSystem::guest_behind(const ResourceId& device) const {
    const auto found = held_.find(device);
    if (found == held_.end())
        return std::nullopt;
    if (const auto* kernel = std::get_if<ClaimedVsock>(&found->second))
        return kernel->cid;
    return watch_.pid_of(device);
}

}  // namespace vmspawn
