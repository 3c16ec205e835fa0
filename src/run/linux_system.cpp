#include "run/linux_system.hpp"

#include "base/interface_name.hpp"
#include "run/fill.hpp"
#include "run/keep_file.hpp"
#include "run/memory_file.hpp"
#include "run/open_file.hpp"
#include "run/overlay.hpp"
#include "run/report.hpp"
#include "run/spawn.hpp"
#include "run/tap.hpp"
#include "run/unpack_kernel.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace vmspawn {

namespace {

/// Where the first passed descriptor stands in a child.
constexpr std::size_t first_descriptor = 3;

const Fill* fill_of(const Resource& resource) {
    const auto* spawn = std::get_if<Spawn>(&resource.up);
    return spawn != nullptr && spawn->fills ? &*spawn->fills : nullptr;
}

/// The later of two values of one name counts.
void set_variable(std::vector<std::string>& environment, const std::string& variable) {
    const std::string start = variable.substr(0, variable.find('=') + 1);
    std::erase_if(environment, [&](const std::string& other) { return other.starts_with(start); });
    environment.push_back(variable);
}

}  // namespace

LinuxSystem::LinuxSystem(const Plan& plan, EventLoop& loop, QemuWatch& watch, Messages& messages, std::unique_ptr<HostScope>& scope)
    : plan_(plan), loop_(loop), watch_(watch), messages_(messages), scope_(scope) {}

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
        Result<void> operator()(const ClaimName& claim) { return system.hold(resource.id, claim_runtime_directory(claim)); }
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
        Result<void> operator()(const ClaimVsock& claim) { return system.hold(resource.id, claim_vsock(claim)); }
        Result<void> operator()(const ListenVsock& listen) {
            return system.hold(resource.id, listen_vsock(listen, system.runtime_directory()));
        }
        Result<void> operator()(const MakeQmpSocket&) { return system.hold(resource.id, make_socket_pair()); }
        Result<void> operator()(const MakeTerminal&) { return system.hold(resource.id, make_pseudo_terminal()); }
        Result<void> operator()(const MakeTap& tap) {
            return system.hold(resource.id, make_tap(tap_name(resolve_word(system, tap.machine))));
        }
        Result<void> operator()(const PickPort& port) { return system.hold(resource.id, reserve_port(port)); }
        Result<void> operator()(const Listen&) { return system.listen(resource); }
        Result<void> operator()(const MakePair&) { return system.hold(resource.id, make_connected_pair()); }
        Result<void> operator()(const MakeClient&) { return system.hold(resource.id, make_client_socket()); }
        Result<void> operator()(const KeepDirectory& directory) {
            return system.hold(resource.id, keep_directory(directory, system.runtime_directory(), resource.id));
        }
        Result<void> operator()(const MakeScope& scope) { return system.make_scope(resource.id, scope); }
        Result<void> operator()(const RegisterMachine& entry) { return system.register_machine(resource.id, entry); }
        Result<void> operator()(const Spawn& spawn) { return system.spawn(resource, spawn); }
    };
    return std::visit(Visitor{*this, resource}, resource.up);
}

GrowTalk LinuxSystem::talk_of_growing(const OpenFile& file) {
    if (!file.grow)
        return {};
    return {.slow =
                [this, &file] {
                    if (isatty(STDERR_FILENO) == 1)
                        messages_.status(fmt::format("growing {} to {} bytes", file.path, file.grow->size));
                },
            .warning = [this](const std::string& text) { messages_.warning(text); }};
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
    if (auto* entry = std::get_if<std::unique_ptr<Registration>>(&found->second))
        (*entry)->take_back();
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
        return late.what == Late::What::chardev ? &ends->qemu : &ends->helper;
    if (auto* kept = std::get_if<KeptDirectory>(&found->second))
        return &kept->directory;
    return nullptr;
}

// In the order of mention, so that the numbers are the same in every run.
std::vector<Late> LinuxSystem::passed_to(const Spawn& spawn) {
    std::vector<Late> passed;
    const auto add = [&](const Late& late) {
        if (descriptor_for_child(late) != nullptr && std::ranges::find(passed, late.resource, &Late::resource) == passed.end())
            passed.push_back(late);
    };
    if (!spawn.activation.empty())
        add({spawn.activation, Late::What::fd});
    for (const Word& word : spawn.arguments) {
        for (const auto& part : word.parts) {
            if (const auto* late = std::get_if<Late>(&part))
                add(*late);
        }
    }
    for (const ResourceId& id : spawn.inherits)
        add({id, Late::What::fd});
    return passed;
}

std::string LinuxSystem::value_in_child(const Late& late, const std::vector<Late>& passed) const {
    const auto found = std::ranges::find(passed, late.resource, &Late::resource);
    if (found == passed.end() || late.what == Late::What::cid || late.what == Late::What::port)
        return resolve(late);
    const std::size_t number = first_descriptor + static_cast<std::size_t>(found - passed.begin());
    switch (late.what) {
        case Late::What::path:
            return fmt::format("/proc/self/fd/{}", number);
        case Late::What::chardev:
            return fmt::format("fd={}", number);
        case Late::What::fd:
        case Late::What::port:
        case Late::What::cid:
        case Late::What::name:
            break;
    }
    return std::to_string(number);
}

std::vector<std::string> LinuxSystem::arguments_for(const Spawn& spawn, const std::vector<Late>& passed) const {
    std::vector<std::string> arguments;
    for (const Word& word : spawn.arguments) {
        std::string& text = arguments.emplace_back();
        for (const auto& part : word.parts) {
            const auto* late = std::get_if<Late>(&part);
            text += late != nullptr ? value_in_child(*late, passed) : std::get<std::string>(part);
        }
    }
    return arguments;
}

Result<Child> LinuxSystem::start(const Resource& resource, const Spawn& spawn, const std::vector<Late>& passed, Surroundings in) {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!nothing)
        return failed("prepare its input");
    ChildSpec spec{.program = spawn.program,
                   .arguments = arguments_for(spawn, passed),
                   .environment = short_environment(),
                   .input = nothing.get(),
                   .output = in.output,
                   .descriptors = {},
                   .directory = in.directory,
                   .activated = !spawn.activation.empty(),
                   .no_new_privileges = spawn.no_new_privileges,
                   .space = spawn.space ? &*spawn.space : nullptr,
                   .death_signal = spawn.death_signal};
    for (const std::string& variable : spawn.environment)
        set_variable(spec.environment, variable);
    if (spec.activated)
        spec.environment.emplace_back("LISTEN_FDS=1");
    for (const Late& late : passed)
        spec.descriptors.push_back(descriptor_for_child(late)->get());
    if (resource.id == plan_.qemu)
        release_ports([](const ReservedPort& port) { return port.udp; });
    return spawn_child(spec);
}

void LinuxSystem::adopt(const Resource& resource, const Spawn& spawn, Child child, Fd output) {
    Running running;
    if (resource.id == plan_.qemu)
        watch_.adopt(std::move(child), std::move(output), std::move(std::get<SocketPair>(held_.at(plan_.qmp)).ours));
    else if (resource.ready == Readiness::ended)
        watch_.adopt_once(resource.id, std::move(child), std::move(output));
    else
        watch_.adopt_helper(resource.id, name_of(resource), spawn.critical, std::move(child), std::move(output));
    if (resource.ready == Readiness::connected) {
        const auto& name = std::get<MakeClient>(plan_.find(spawn.client)->up).socket;
        Fd client = std::move(std::get<ClientSocket>(held_.at(spawn.client)).ours);
        const auto arrived = [this, id = resource.id](const Result<void>& connected) { watch_.arrive({id, connected}); };
        running.socket = std::make_unique<SocketWatch>(loop_, runtime_directory(), name, std::move(client), arrived);
    }
    held_.insert_or_assign(resource.id, Held(std::move(running)));
}

Result<void> LinuxSystem::spawn(const Resource& resource, const Spawn& spawn) {
    if (!spawn.fills)
        return spawn_in(spawn.directory.empty() ? -1 : runtime_directory(), resource, spawn);
    const int directory = directory_of(*spawn.fills);
    Result<Fd> work = begin_filling(directory, *spawn.fills);
    if (work && !*work) {
        watch_.arrive({resource.id, {}});
        return {};
    }
    Result<void> spawned = work ? spawn_in(work->get(), resource, spawn) : work.failure();
    if (!spawned)
        give_up_filling(directory);
    return spawned;
}

Result<void> LinuxSystem::spawn_in(int directory, const Resource& resource, const Spawn& spawn) {
    std::array<int, 2> output{-1, -1};
    if (pipe2(output.data(), O_CLOEXEC) < 0)
        return failed("prepare its output");
    Fd reader(output[0]);
    const Fd writer(output[1]);
    const std::vector<Late> passed = passed_to(spawn);
    Result<Child> child = start(resource, spawn, passed, {.output = writer.get(), .directory = directory});
    if (!child)
        return child.failure();
    adopt(resource, spawn, std::move(*child), std::move(reader));
    close_copies(passed);
    if (resource.id == plan_.qemu)
        fill_scope();
    return {};
}

// Only the child holds them now: an image's lock ends with QEMU, and so do its connections; a dead helper cannot hang QEMU.
void LinuxSystem::close_copies(const std::vector<Late>& passed) {
    for (const Late& late : passed)
        descriptor_for_child(late)->reset();
}

void LinuxSystem::release_ports(bool (*which)(const ReservedPort&)) {
    for (auto& [id, held] : held_) {
        if (auto* port = std::get_if<ReservedPort>(&held); port != nullptr && which(*port))
            port->socket.reset();
    }
}

void LinuxSystem::hand_over() {
    release_ports([](const ReservedPort&) { return true; });
    const auto terminal = held_.find(plan_.console.terminal);
    const auto* pty = terminal != held_.end() ? std::get_if<PseudoTerminal>(&terminal->second) : nullptr;
    watch_.start_console(pty != nullptr ? plan_.console.kind : ConsoleKind::none, pty != nullptr ? pty->master.get() : -1);
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
